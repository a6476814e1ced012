package dev.quern.supplier.http.generation;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.text.IncrementalDetokenizer;
import dev.quern.engine.text.StopStrings;
import dev.quern.supplier.http.openai.ChoiceDelta;
import dev.quern.supplier.http.openai.SamplingOptions;
import dev.quern.supplier.http.openai.ScoredToken;
import dev.quern.supplier.http.openai.TokenSpelling;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One choice: its tokens become text, and what is new waits to be taken. One thread at a time. */
final class ChoiceProgress {
  private final int index;
  private final PlannedPrompt prompt;
  private final SamplingOptions sampling;
  private final boolean echoScores;
  private final Set<Integer> stopTokens;
  private final TokenSpelling spelling;
  private final IncrementalDetokenizer detokenizer;
  private final StopStrings.Matcher stops;

  private final StringBuilder text = new StringBuilder();
  private List<ScoredToken> scores = new ArrayList<>();
  private List<Integer> tokenIds = new ArrayList<>();
  private @Nullable List<ScoredToken> promptScores;
  private int textOffset;
  private int tokens;
  private int cachedTokens;
  private boolean promptIdsTaken;
  private boolean finishTaken;
  private @Nullable FinishReason finish;

  ChoiceProgress(
      int index,
      PlannedPrompt prompt,
      GenerationPlan plan,
      Set<Integer> stopTokens,
      StopStrings stopStrings) {
    this.index = index;
    this.prompt = prompt;
    this.sampling = plan.sampling();
    this.echoScores = plan.echoScores();
    this.stopTokens = stopTokens;
    this.spelling = new TokenSpelling(plan.model().tokenizer());
    this.detokenizer =
        prompt.continuesText()
            ? IncrementalDetokenizer.after(
                prompt.tokens(), plan.model().tokenizer(), sampling.skipSpecialTokens())
            : new IncrementalDetokenizer(plan.model().tokenizer(), sampling.skipSpecialTokens());
    this.stops = stopStrings.matcher();
    text.append(prompt.echo());
  }

  void started(int cached) {
    cachedTokens = cached;
  }

  void promptScored(List<SampledToken> sampled) {
    List<ScoredToken> spelled = new ArrayList<>(sampled.size() + 1);
    spelled.add(spelling.first(prompt.tokens()[0]));
    sampled.forEach(token -> spelled.add(spelling.spell(token)));
    if (echoScores) {
      scores.addAll(0, spelled);
    } else {
      promptScores = spelled;
    }
  }

  /** Takes in a token; true when it completes a stop string. */
  boolean token(SampledToken token) {
    if (finish != null) {
      return false;
    }
    tokens++;
    boolean hidden = stopTokens.contains(token.tokenId()) && !sampling.includeStop();
    if (sampling.returnTokenIds()) {
      tokenIds.add(token.tokenId());
    }
    if (hidden) {
      return false;
    }
    if (sampling.logprobs() >= 0) {
      scores.add(spelling.spell(token));
    }
    String piece = detokenizer.append(token.tokenId());
    // min_tokens holds for stop strings as for stop tokens: before it, text passes unsearched.
    text.append(tokens <= sampling.minTokens() ? piece : stops.append(piece));
    if (stops.stopped()) {
      finish = FinishReason.STOP;
      return true;
    }
    return false;
  }

  /** The sequence has ended by itself. */
  void finished(FinishReason reason) {
    if (finish != null) {
      return;
    }
    text.append(stops.append(detokenizer.finish()));
    boolean stopped = stops.stopped();
    text.append(stops.finish());
    finish = stopped ? FinishReason.STOP : reason;
  }

  boolean done() {
    return finish != null;
  }

  Optional<FinishReason> finish() {
    return Optional.ofNullable(finish);
  }

  int tokens() {
    return tokens;
  }

  int cachedTokens() {
    return cachedTokens;
  }

  boolean hasDelta() {
    return text.length() > 0
        || !scores.isEmpty()
        || !tokenIds.isEmpty()
        || promptScores != null
        || (finish != null && !finishTaken);
  }

  /** Chars and scored tokens that nobody has taken yet. */
  int backlog() {
    return text.length() + scores.size() + tokenIds.size();
  }

  ChoiceDelta takeDelta() {
    ChoiceDelta delta =
        new ChoiceDelta(
            index,
            text.toString(),
            sampling.logprobs() >= 0 || echoScores ? Optional.of(scores) : Optional.empty(),
            textOffset,
            sampling.returnTokenIds() ? Optional.of(tokenIds) : Optional.empty(),
            sampling.returnTokenIds() && !promptIdsTaken
                ? Optional.of(java.util.Arrays.stream(prompt.tokens()).boxed().toList())
                : Optional.empty(),
            Optional.ofNullable(promptScores),
            Optional.ofNullable(finish));
    for (ScoredToken token : scores) {
      textOffset += token.token().text().length();
    }
    text.setLength(0);
    scores = new ArrayList<>();
    tokenIds = new ArrayList<>();
    promptScores = null;
    promptIdsTaken = true;
    finishTaken = finish != null;
    return delta;
  }
}
