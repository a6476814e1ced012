package dev.quern.engine.tensor;

/**
 * Attention of whole sequences in float64: every token's query, key and value from one fused
 * projection {@code [sequences * longest, (queryHeads + 2 * kvHeads) * headDim]}.
 */
final class AttentionReference {
  private final HeadLayout heads;
  private final AttentionOptions options;
  private final double[] qkv;
  private final int longest;
  private final double[] queryNorm;
  private final double[] keyNorm;
  private final int width;
  private final int keyWidth;

  /** Norms are empty where heads are not normed. */
  AttentionReference(
      HeadLayout heads,
      AttentionOptions options,
      double[] qkv,
      int longest,
      double[] queryNorm,
      double[] keyNorm) {
    this.heads = heads;
    this.options = options;
    this.qkv = qkv.clone();
    this.longest = longest;
    this.queryNorm = queryNorm;
    this.keyNorm = keyNorm;
    keyWidth = heads.kvHeads() * heads.headDim();
    width = heads.queryHeads() * heads.headDim() + 2 * keyWidth;
  }

  /** Norms and rotates every query and key at its position. */
  void fill(float[][] cosines, float[][] sines) {
    int size = heads.headDim();
    for (int row = 0; row < qkv.length / width; row++) {
      for (int head = 0; head < heads.queryHeads() + heads.kvHeads(); head++) {
        int first = row * width + head * size;
        double[] norm = head < heads.queryHeads() ? queryNorm : keyNorm;
        if (norm.length > 0) {
          double[] normed = Reference.rmsNorm(BackendContract.slice(qkv, first, size), norm, 1e-6);
          System.arraycopy(normed, 0, qkv, first, size);
        }
        Reference.rotate(qkv, first, cosines[row % longest], sines[row % longest]);
      }
    }
  }

  /** What the next {@code step} must give after {@code done} tokens of each sequence. */
  double[] expected(int[][] step, int[] done) {
    int size = heads.headDim();
    int rows = 0;
    for (int[] chunk : step) {
      rows += chunk[1];
    }
    double[] out = new double[rows * heads.queryHeads() * size];
    int at = 0;
    for (int[] chunk : step) {
      double[] keys = part(chunk[0], width - 2 * keyWidth);
      double[] values = part(chunk[0], width - keyWidth);
      for (int i = 0; i < chunk[1]; i++) {
        int position = done[chunk[0]] + i;
        for (int head = 0; head < heads.queryHeads(); head++) {
          double[] query =
              BackendContract.slice(
                  qkv, (chunk[0] * longest + position) * width + head * size, size);
          double[] one =
              Reference.attend(query, keys, values, heads, head / heads.group(), position, options);
          System.arraycopy(one, 0, out, at, size);
          at += size;
        }
      }
    }
    return out;
  }

  /** Keys or values of a sequence, {@code [longest, kvHeads, headDim]}. */
  private double[] part(int sequence, int column) {
    double[] picked = new double[longest * keyWidth];
    for (int p = 0; p < longest; p++) {
      System.arraycopy(
          qkv, (sequence * longest + p) * width + column, picked, p * keyWidth, keyWidth);
    }
    return picked;
  }
}
