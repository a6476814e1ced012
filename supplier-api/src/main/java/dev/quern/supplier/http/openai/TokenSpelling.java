package dev.quern.supplier.http.openai;

import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Spells single tokens for log-probabilities: the text a token stands for inside a sentence, and
 * its bytes even where they are only part of a code point.
 */
public final class TokenSpelling {
  private static final char WORD_START = '\u2581';

  private final Tokenizer tokenizer;

  public TokenSpelling(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  public ScoredToken spell(SampledToken token) {
    List<ScoredToken.Candidate> top = new ArrayList<>(token.top().size());
    int rank = 0;
    for (SampledToken.TokenLogprob candidate : token.top()) {
      top.add(candidate(candidate.tokenId(), candidate.logprob(), candidate.rank()));
      if (candidate.tokenId() == token.tokenId()) {
        rank = candidate.rank();
      }
    }
    return new ScoredToken(candidate(token.tokenId(), token.logprob(), rank), true, top);
  }

  /** A prompt's first token: it has no log-probability. */
  public ScoredToken first(int tokenId) {
    return new ScoredToken(candidate(tokenId, 0, 0), false, List.of());
  }

  private ScoredToken.Candidate candidate(int id, double logprob, int rank) {
    String text = text(id);
    return new ScoredToken.Candidate(id, text, bytes(id, text), logprob, rank);
  }

  String text(int id) {
    String text = tokenizer.decode(new int[] {id}, false);
    String spelling = tokenizer.tokenText(id);
    // Decoders of the SentencePiece kind strip the space before a sequence's first word.
    boolean stripped =
        !spelling.isEmpty() && spelling.charAt(0) == WORD_START && !text.startsWith(" ");
    return stripped ? " " + text : text;
  }

  private byte[] bytes(int id, String text) {
    if (text.indexOf('\uFFFD') < 0) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    String spelling = tokenizer.tokenText(id);
    if (spelling.length() == 6 && spelling.startsWith("<0x") && spelling.endsWith(">")) {
      return HexFormat.of().parseHex(spelling.substring(3, 5));
    }
    byte[] bytes = ByteLevelAlphabet.bytes(spelling);
    return bytes.length > 0 ? bytes : text.getBytes(StandardCharsets.UTF_8);
  }
}
