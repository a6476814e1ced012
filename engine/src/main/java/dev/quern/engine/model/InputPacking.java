package dev.quern.engine.model;

import dev.quern.engine.tensor.PackedTokens;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Inputs packed for one pass, those of one length together.
 *
 * @param order which input each packed text is
 */
record InputPacking(PackedTokens tokens, int[] order) {

  static InputPacking of(List<EncoderInput> inputs, EncoderShape shape) {
    int[] order =
        IntStream.range(0, inputs.size())
            .boxed()
            .sorted(
                Comparator.<Integer>comparingInt(i -> inputs.get(i).length())
                    .thenComparingInt(i -> prompt(inputs.get(i))))
            .mapToInt(Integer::intValue)
            .toArray();
    int total = inputs.stream().mapToInt(EncoderInput::length).sum();
    int[] ids = new int[total];
    int[] positions = new int[total];
    int[] types = new int[total];
    int[] starts = new int[order.length + 1];
    int[] prompts = new int[order.length];
    for (int text = 0; text < order.length; text++) {
      EncoderInput input = inputs.get(order[text]);
      int at = starts[text];
      System.arraycopy(input.tokenIds(), 0, ids, at, input.length());
      if (shape.tokenTypes() > 1) {
        System.arraycopy(input.tokenTypeIds(), 0, types, at, input.tokenTypeIds().length);
      }
      shape.number(input.tokenIds(), positions, at);
      prompts[text] = prompt(input);
      starts[text + 1] = at + input.length();
    }
    return new InputPacking(new PackedTokens(ids, positions, types, starts, prompts), order);
  }

  /** A text that is nothing but its prompt is pooled over its last token. */
  private static int prompt(EncoderInput input) {
    return Math.min(input.promptTokens(), input.length() - 1);
  }
}
