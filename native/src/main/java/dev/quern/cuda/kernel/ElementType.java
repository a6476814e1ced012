package dev.quern.cuda.kernel;

/** Element types that kernels come in. */
public enum ElementType {
  BF16("bf16", 2),
  FP16("fp16", 2),
  FP32("fp32", 4);

  private final String suffix;
  private final int bytes;

  ElementType(String suffix, int bytes) {
    this.suffix = suffix;
    this.bytes = bytes;
  }

  /** What ends the name of a kernel of this type. */
  String suffix() {
    return suffix;
  }

  public int bytes() {
    return bytes;
  }
}
