package dev.quern.supplier.relay;

import dev.quern.supplier.http.openai.ChoiceDelta;
import dev.quern.supplier.http.openai.ScoredToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Cuts what a choice has gained so that each piece fits one line of a stream: the HA miner ends a
 * stream with a line of more than 256 KB.
 */
public final class StreamPieces {
  /** Bytes of a line. */
  public static final int LONGEST_LINE = 256_000;

  /** A char takes at most six bytes as JSON. */
  private static final int CHARS = 24_000;

  /** With 20 alternatives each takes about 2 KB, unless the tokens are very long. */
  private static final int SCORES = 30;

  private static final int IDS = 4_000;

  private StreamPieces() {}

  /** The delta itself when it is small, as most are of a single token. */
  public static List<ChoiceDelta> of(ChoiceDelta delta) {
    List<ChoiceDelta> pieces = new ArrayList<>();
    ChoiceDelta rest = delta;
    while (tooLarge(rest)) {
      pieces.add(head(rest));
      rest = tail(rest);
    }
    pieces.add(rest);
    return pieces;
  }

  private static boolean tooLarge(ChoiceDelta delta) {
    return delta.text().length() > CHARS
        || size(delta.scores()) > SCORES
        || size(delta.tokenIds()) > IDS;
  }

  private static ChoiceDelta head(ChoiceDelta delta) {
    return new ChoiceDelta(
        delta.index(),
        delta.text().substring(0, cut(delta.text())),
        delta.scores().map(all -> all.subList(0, Math.min(SCORES, all.size()))),
        delta.textOffset(),
        delta.tokenIds().map(all -> all.subList(0, Math.min(IDS, all.size()))),
        delta.promptTokenIds(),
        delta.promptScores(),
        Optional.empty());
  }

  private static ChoiceDelta tail(ChoiceDelta delta) {
    int offset = delta.textOffset();
    for (ScoredToken token : head(delta).scores().orElse(List.of())) {
      offset += token.token().text().length();
    }
    return new ChoiceDelta(
        delta.index(),
        delta.text().substring(cut(delta.text())),
        delta.scores().map(all -> all.subList(Math.min(SCORES, all.size()), all.size())),
        offset,
        delta.tokenIds().map(all -> all.subList(Math.min(IDS, all.size()), all.size())),
        Optional.empty(),
        Optional.empty(),
        delta.finish());
  }

  /** Never between the halves of a pair. */
  private static int cut(String text) {
    int cut = Math.min(CHARS, text.length());
    return cut < text.length() && Character.isLowSurrogate(text.charAt(cut)) ? cut - 1 : cut;
  }

  private static int size(Optional<? extends List<?>> list) {
    return list.isPresent() ? list.get().size() : 0;
  }
}
