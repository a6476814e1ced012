package dev.quern.cuda;

/**
 * How a kernel is spread out.
 *
 * @param gridX blocks, likewise Y and Z
 * @param threads threads of a block
 * @param sharedBytes dynamic shared memory of a block
 */
public record LaunchShape(int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
  public LaunchShape {
    if (gridX < 1 || gridY < 1 || gridZ < 1 || threads < 1 || sharedBytes < 0) {
      throw new IllegalArgumentException(
          "launch of " + gridX + " x " + gridY + " x " + gridZ + " blocks of " + threads);
    }
  }

  public static LaunchShape of(int gridX, int threads) {
    return new LaunchShape(gridX, 1, 1, threads, 0);
  }
}
