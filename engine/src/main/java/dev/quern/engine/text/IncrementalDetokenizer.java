package dev.quern.engine.text;

import java.util.Arrays;

/**
 * Turns the tokens of one sequence into text as they come, holding back what the next token may
 * still change.
 *
 * <p>Decoding a token alone gives the wrong text: it may be part of a code point, and many decoders
 * treat the first token of a sequence differently (they strip its leading space). Decoding the
 * whole sequence for each token costs too much. So, as vLLM and text-generation-inference do, a
 * short window of tokens is decoded, whose first tokens are only context, and what follows the text
 * already given out is new. Which tokens may leave the window is not assumed but checked: the rest
 * must decode to the same text without them.
 *
 * <p>What is held back is defined by {@link GraphemeTail}. All that {@link #append} and {@link
 * #finish} return, put together, equals the tokenizer's decoding of the whole sequence, provided
 * that its bytes are valid UTF-8. Bytes that are not become U+FFFD, but how many may differ: a
 * byte-fallback decoder replaces every byte of a run of byte tokens that has one bad byte in it,
 * and text given out before the bad byte came cannot be taken back.
 *
 * <p>Cost: constant per token, amortised. One thread at a time.
 */
public final class IncrementalDetokenizer {
  /** The tokens of a prompt that are kept as context. */
  private static final int PROMPT_CONTEXT = 6;

  /** The tokens that can hold an incomplete code point of four bytes. */
  private static final int MAX_INCOMPLETE = 3;

  /** Above this many tokens the window is shortened when it can be. */
  private static final int WINDOW = 8;

  /** At this many tokens the window is given up: only bytes that are not UTF-8 come to this. */
  private static final int MAX_WINDOW = 256;

  private final Tokenizer tokenizer;
  private final boolean skipSpecialTokens;
  private final GraphemeTail tail = new GraphemeTail();

  private int[] window = new int[2 * WINDOW];
  private int count;

  /** Text of the window when it last began with what had been given out. */
  private String text = "";

  /** How many tokens {@link #text} is the text of. */
  private int textCount;

  /** How many chars of {@link #text} have been given out. */
  private int given;

  private int shortenAbove = WINDOW;

  /** A sequence that begins with the first token appended, as a chat model's answer does. */
  public IncrementalDetokenizer(Tokenizer tokenizer, boolean skipSpecialTokens) {
    this.tokenizer = tokenizer;
    this.skipSpecialTokens = skipSpecialTokens;
  }

  /**
   * A sequence that continues {@code prompt}: only the text after the prompt's is returned, with
   * the space that may part the two. A code point that the prompt's last token leaves incomplete is
   * returned with the tokens that complete it.
   */
  public static IncrementalDetokenizer after(
      int[] prompt, Tokenizer tokenizer, boolean skipSpecialTokens) {
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(tokenizer, skipSpecialTokens);
    detokenizer.startAfter(prompt);
    return detokenizer;
  }

  private void startAfter(int[] prompt) {
    window = Arrays.copyOf(prompt, Math.max(prompt.length, 2 * WINDOW));
    int from = Math.max(0, prompt.length - PROMPT_CONTEXT);
    int earliest = Math.max(0, prompt.length - MAX_WINDOW);
    while (from > earliest && !standsAlone(decode(from, from + 1))) {
      from--;
    }
    restart(Arrays.copyOfRange(prompt, from, prompt.length));
    for (int left = 0; left <= MAX_INCOMPLETE && left <= count; left++) {
      String complete = decode(0, count - left);
      if (!complete.endsWith("\uFFFD")) {
        text = complete;
        textCount = count - left;
        given = complete.length();
        return;
      }
    }
  }

  /** Adds a token; returns the text that is now certain, often empty. */
  public String append(int tokenId) {
    if (count == window.length) {
      window = Arrays.copyOf(window, 2 * count);
    }
    window[count++] = tokenId;
    String decoded = decode(0, count);
    if (decoded.length() < given || !decoded.regionMatches(0, text, 0, given)) {
      // A run of byte tokens that is not complete: none of it can be read yet. If the code point is
      // not complete after its fourth byte, it never will be.
      return count - textCount <= MAX_INCOMPLETE ? "" : giveUp();
    }
    text = decoded;
    textCount = count;
    String unsure = decoded.substring(given);
    String certain = unsure.substring(0, tail.certain(unsure));
    given += certain.length();
    if (count > shortenAbove) {
      shorten();
    }
    return count < MAX_WINDOW ? certain : certain + giveUp();
  }

  /** The sequence has ended; returns the text that was held back. */
  public String finish() {
    String rest = text.substring(given);
    if (textCount < count) {
      rest += decode(textCount, count);
    }
    given = text.length();
    textCount = count;
    return rest;
  }

  /**
   * Gives out what there is and begins anew after it, with what may still become a code point: the
   * fewest last tokens without which the text does not end in U+FFFD, if there are any.
   */
  private String giveUp() {
    int left = 0;
    String rest = restWithoutLast(0);
    for (int some = 1; rest.endsWith("\uFFFD") && some <= MAX_INCOMPLETE; some++) {
      String shorter = restWithoutLast(some);
      if (!shorter.isEmpty() && !shorter.endsWith("\uFFFD")) {
        left = some;
        rest = shorter;
      }
    }
    int end = count - left;
    int from = end - 1;
    while (from > Math.max(0, end - 1 - MAX_INCOMPLETE) && !standsAlone(decode(from, end))) {
      from--;
    }
    int[] open = Arrays.copyOfRange(window, end, count);
    restart(Arrays.copyOfRange(window, standsAlone(decode(from, end)) ? from : end - 1, end));
    System.arraycopy(open, 0, window, count, left);
    count += left;
    return rest;
  }

  /** The text not given out yet, but that of the last {@code left} tokens; empty if none is. */
  private String restWithoutLast(int left) {
    int end = count - left;
    if (textCount < count) {
      return end < textCount ? "" : text.substring(given) + decode(textCount, end);
    }
    String decoded = end < 1 ? "" : decode(0, end);
    return decoded.length() >= given && decoded.regionMatches(0, text, 0, given)
        ? decoded.substring(given)
        : "";
  }

  /** A token that holds a part of a code point changes its own text with the next token. */
  private static boolean standsAlone(String tokenText) {
    return !tokenText.isEmpty() && tokenText.indexOf('\uFFFD') < 0;
  }

  /** Makes {@code context} the window, all of whose text counts as given out. */
  private void restart(int[] context) {
    count = context.length;
    window = Arrays.copyOf(context, Math.max(2 * WINDOW, count));
    text = decode(0, count);
    textCount = count;
    given = text.length();
    shortenAbove = WINDOW;
  }

  /**
   * Drops tokens from the front of the window that later ones do not need: the latest cut is taken
   * after which the text not yet given out is the same.
   */
  private void shorten() {
    for (int cut = count - 1; cut > 0; cut--) {
      String context = decode(cut, cut + 1);
      if (standsAlone(context) && cutTo(cut, cut + 1, context.length())) {
        return;
      }
      if (cutTo(cut, cut, 0)) {
        return;
      }
    }
    shortenAbove = Math.min(2 * shortenAbove, MAX_WINDOW);
  }

  /**
   * Cuts the window before token {@code cut} if that leaves the text after token {@code shared} as
   * it is and that text begins no later than what is to be given out next.
   *
   * @param context chars that the tokens from {@code cut} to {@code shared} have on their own
   */
  private boolean cutTo(int cut, int shared, int context) {
    String head = decode(0, shared);
    if (head.length() > given || !text.startsWith(head)) {
      return false;
    }
    String rest = text.substring(head.length());
    String shorter = decode(cut, count);
    // Without context, the first token must show that nothing was stripped from it.
    boolean comparable = context > 0 || !rest.isEmpty();
    if (!comparable || shorter.length() != context + rest.length() || !shorter.endsWith(rest)) {
      return false;
    }
    given += context - head.length();
    text = shorter;
    count -= cut;
    textCount = count;
    System.arraycopy(window, cut, window, 0, count);
    shortenAbove = WINDOW;
    return true;
  }

  private String decode(int from, int to) {
    return tokenizer.decode(Arrays.copyOfRange(window, from, to), skipSpecialTokens);
  }
}
