package dev.quern.cuda;

/**
 * One device, as its driver describes it.
 *
 * @param ordinal number after {@code cuda:}
 * @param computeMajor compute capability, e.g. 9 of 9.0
 * @param multiprocessors number of streaming multiprocessors
 * @param sharedBytesPerBlock shared memory that one block may ask for
 */
public record CudaDevice(
    int ordinal,
    String name,
    int computeMajor,
    int computeMinor,
    int multiprocessors,
    int sharedBytesPerBlock,
    long totalBytes) {

  /** E.g. 90 for compute capability 9.0. */
  public int computeCapability() {
    return 10 * computeMajor + computeMinor;
  }

  @Override
  public String toString() {
    return "cuda:"
        + ordinal
        + " ("
        + name
        + ", compute capability "
        + computeMajor
        + "."
        + computeMinor
        + ", "
        + ByteSizes.text(totalBytes)
        + ")";
  }
}
