package dev.quern.supplier.relay;

import dev.quern.supplier.http.openai.AnswerRenderer;
import dev.quern.supplier.http.openai.ChoiceDelta;
import dev.quern.supplier.http.openai.Usage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Answers whose model text lies beyond what a gateway judges. PATH looks for words such as {@code
 * certificate} in the first {@value #JUDGED} bytes; a model may well write them. White space moves
 * {@code choices} past that border: of a whole answer, and of a stream's first chunk. What stands
 * before is usage and names that the operator chose. For one request; one thread at a time.
 */
public final class PathSafeRenderer implements AnswerRenderer {
  /** Bytes of an answer that PATH looks at. */
  public static final int JUDGED = 512;

  /**
   * The members that hold a model's or a caller's words, whichever comes first. Inside a string the
   * quotes would be escaped: these are always the members themselves.
   */
  private static final List<byte[]> WORDS =
      List.of(
          "\"choices\":[".getBytes(StandardCharsets.UTF_8),
          "\"prompt_logprobs\":[".getBytes(StandardCharsets.UTF_8));

  private final AnswerRenderer renderer;
  private boolean begun;

  public PathSafeRenderer(AnswerRenderer renderer) {
    this.renderer = renderer;
  }

  @Override
  public byte[] whole(List<ChoiceDelta> choices, Usage usage) {
    return padded(renderer.whole(choices, usage));
  }

  @Override
  public Optional<byte[]> opening(int index, Optional<Usage> usage) {
    return renderer.opening(index, usage).map(this::first);
  }

  @Override
  public byte[] chunk(ChoiceDelta delta, Optional<Usage> usage) {
    return first(renderer.chunk(delta, usage));
  }

  @Override
  public byte[] usageOnly(Usage usage) {
    return first(renderer.usageOnly(usage));
  }

  private byte[] first(byte[] chunk) {
    boolean first = !begun;
    begun = true;
    return first ? padded(chunk) : chunk;
  }

  /** The same JSON with its words at {@link #JUDGED} or later. */
  static byte[] padded(byte[] json) {
    int words = indexOfWords(json);
    if (words >= JUDGED) {
      return json;
    }
    byte[] wider = new byte[json.length + JUDGED - words];
    System.arraycopy(json, 0, wider, 0, words);
    Arrays.fill(wider, words, JUDGED, (byte) ' ');
    System.arraycopy(json, words, wider, JUDGED, json.length - words);
    return wider;
  }

  /** {@link #JUDGED} when there are none before. */
  private static int indexOfWords(byte[] json) {
    for (int i = 0; i < Math.min(JUDGED, json.length); i++) {
      for (byte[] member : WORDS) {
        int end = i + member.length;
        if (end <= json.length && Arrays.equals(json, i, end, member, 0, member.length)) {
          return i;
        }
      }
    }
    return JUDGED;
  }
}
