package dev.quern.engine.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A text, or two that a model reads together, as an encoder takes it.
 *
 * @param ids {@code [tokens]}
 * @param typeIds {@code [tokens]}: which of the texts each token belongs to
 * @param added {@code [tokens]}: whether the tokenizer's template put the token there; the rest
 *     stands for text
 */
public record EncodedText(int[] ids, int[] typeIds, boolean[] added) {
  /** Which end of a text gives way when there is no room for all of it. */
  public enum Side {
    START,
    END
  }

  public EncodedText {
    if (typeIds.length != ids.length || added.length != ids.length) {
      throw new IllegalArgumentException(
          ids.length + " tokens, " + typeIds.length + " types, " + added.length + " marks");
    }
  }

  public int length() {
    return ids.length;
  }

  /**
   * At most {@code room} tokens: what the template added stays, and of two texts the longer gives
   * way first, as the Rust library's {@code longest_first} has it.
   *
   * @return longer than {@code room} only when the template alone is
   */
  public EncodedText truncated(int room, Side cut) {
    if (ids.length <= room) {
      return this;
    }
    List<Run> texts = texts();
    int template = ids.length - texts.stream().mapToInt(Run::length).sum();
    int[] kept = shares(texts, Math.max(0, room - template));
    boolean[] stays = added.clone();
    for (int i = 0; i < kept.length; i++) {
      Run text = texts.get(i);
      int from = cut == Side.END ? text.start : text.end - kept[i];
      Arrays.fill(stays, from, from + kept[i], true);
    }
    return only(stays);
  }

  /** Neighbouring tokens that stand for one text. */
  private record Run(int start, int end) {
    int length() {
      return end - start;
    }
  }

  private List<Run> texts() {
    List<Run> runs = new ArrayList<>();
    int start = -1;
    for (int i = 0; i <= ids.length; i++) {
      boolean text = i < ids.length && !added[i] && (start < 0 || typeIds[i] == typeIds[start]);
      if (start >= 0 && !text) {
        runs.add(new Run(start, i));
        start = -1;
      }
      if (start < 0 && i < ids.length && !added[i]) {
        start = i;
      }
    }
    return runs;
  }

  /** Tokens of each text that fit {@code room} together: the shortest are served first. */
  private static int[] shares(List<Run> texts, int room) {
    Integer[] byLength = new Integer[texts.size()];
    Arrays.setAll(byLength, i -> i);
    Arrays.sort(byLength, Comparator.comparingInt(i -> texts.get(i).length()));
    int[] shares = new int[texts.size()];
    int left = room;
    for (int i = 0; i < byLength.length; i++) {
      shares[byLength[i]] = Math.min(texts.get(byLength[i]).length(), left / (byLength.length - i));
      left -= shares[byLength[i]];
    }
    return shares;
  }

  private EncodedText only(boolean[] stays) {
    int count = 0;
    for (boolean stay : stays) {
      count += stay ? 1 : 0;
    }
    int[] keptIds = new int[count];
    int[] keptTypes = new int[count];
    boolean[] keptAdded = new boolean[count];
    int next = 0;
    for (int i = 0; i < stays.length; i++) {
      if (stays[i]) {
        keptIds[next] = ids[i];
        keptTypes[next] = typeIds[i];
        keptAdded[next++] = added[i];
      }
    }
    return new EncodedText(keptIds, keptTypes, keptAdded);
  }
}
