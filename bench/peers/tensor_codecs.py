"""ZipNN and OpenZL on bf16 tensors, for cinch_report, which runs it in turns with cinch's codecs on the same tensors.

    tensor_codecs.py zipnn|openzl-fse|openzl-huffman FILE BYTES    FILE: tensors of so many bytes, one behind the other

Encodes and decodes all of them and compares; then says "ready" and the ratio. For each line that it reads, `encode` or
`decode`, it does so once more with all tensors and answers "done". One thread.
"""
import pathlib
import sys


class ZipNN:
    """Its core, as its Python class calls it for bf16 bytes; the class itself cannot be loaded without PyTorch."""

    CHUNK, GROUPS, BIT_REORDER, BYTE_REORDER, THRESHOLD, CHECK_AFTER, HEADER = 256 << 10, 2, 1, 0b1_010, 0.95, 10, 32

    def __init__(self):
        import zipnn_core
        self.core = zipnn_core

    def encode(self, raw):
        # It writes over what it is given, so that it needs a copy.
        return self.core.zipnn_core(bytearray(self.HEADER), bytearray(raw), self.GROUPS, self.BIT_REORDER, self.BYTE_REORDER,
                                    0, self.CHUNK, self.THRESHOLD, self.CHECK_AFTER, 1)

    def decode(self, encoded, length):
        return self.core.combine_dtype(memoryview(encoded)[self.HEADER:], self.GROUPS, self.BIT_REORDER,
                                       self.BYTE_REORDER, self.CHUNK, length, 1)


class OpenZL:
    """bf16 taken apart, exponents to an entropy coder, signs and mantissas as they are. Its checksums are off."""

    def __init__(self, entropy):
        import numpy
        import openzl.ext as zl
        self.zl, self.numpy = zl, numpy
        self.compressor = zl.Compressor()
        exponents = {"fse": zl.graphs.Fse, "huffman": zl.graphs.Huffman}[entropy]()
        graph = zl.nodes.BFloat16Deconstruct()(self.compressor, sign_frac=zl.graphs.Store(), exponent=exponents)
        self.compressor.select_starting_graph(graph)
        self.encoder, self.decoder = zl.CCtx(), zl.DCtx()

    def encode(self, raw):
        self.encoder.ref_compressor(self.compressor)
        self.encoder.set_parameter(self.zl.CParam.FormatVersion, self.zl.MAX_FORMAT_VERSION)
        for checksum in (self.zl.CParam.CompressedChecksum, self.zl.CParam.ContentChecksum):
            self.encoder.set_parameter(checksum, 2)  # 2: off
        numbers = self.numpy.frombuffer(raw, dtype=self.numpy.uint16)
        return self.encoder.compress([self.zl.Input(self.zl.Type.Numeric, numbers)])

    def decode(self, encoded, _):
        return self.decoder.decompress(encoded)[0].content.as_nparray()


def main(codec, path, size):
    all_bytes = pathlib.Path(path).read_bytes()
    tensors = [all_bytes[at:at + size] for at in range(0, len(all_bytes), size)]
    peer = ZipNN() if codec == "zipnn" else OpenZL(codec.split("-")[1])
    encoded = [peer.encode(tensor) for tensor in tensors]
    for tensor, stored in zip(tensors, encoded):
        if bytes(memoryview(peer.decode(stored, size)).cast("B")) != tensor:
            sys.exit(f"{codec}: a tensor came back different")
    print(f"ready {len(all_bytes) / sum(map(len, encoded)):.3f}", flush=True)
    for line in sys.stdin:
        if line.strip() == "encode":
            for tensor in tensors:
                peer.encode(tensor)
        else:
            for stored in encoded:
                peer.decode(stored, size)
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
