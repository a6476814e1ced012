package dev.quern.engine.model;

import dev.quern.engine.tensor.Pooling;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the sentence-transformers library keeps beside a checkpoint: the modules after the
 * transformer, in the order {@code modules.json} gives, and how texts are prepared.
 *
 * @param pooling joined in this order; empty where the layout has no pooling
 * @param poolsPrompt whether a prompt's tokens count in pooling
 * @param dense layers after pooling
 * @param normalise whether vectors are scaled to length one at the end
 * @param maxSequenceLength tokens after which a text is cut
 * @param lowerCase whether texts are lower-cased first
 * @param prompts by the name of their purpose
 * @param similarity how vectors are meant to be compared
 * @param activation of a cross-encoder's raw scores
 * @param logitScore of a reranker that is a language model, the tokens that stand for its answers
 */
public record SentenceTransformersLayout(
    List<Pooling> pooling,
    boolean poolsPrompt,
    List<DenseModule> dense,
    boolean normalise,
    OptionalInt maxSequenceLength,
    boolean lowerCase,
    Map<String, String> prompts,
    Optional<String> defaultPrompt,
    Optional<VectorSimilarity> similarity,
    Optional<ScoreActivation> activation,
    Optional<LogitScore> logitScore) {
  public SentenceTransformersLayout {
    pooling = List.copyOf(pooling);
    dense = List.copyOf(dense);
    prompts = Map.copyOf(prompts);
  }

  /**
   * The layout of a model's folder; empty where it has no {@code modules.json}.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST for a module that Quern does not compute or
   *     a file that is not as the library writes it; the message names the file and the key
   */
  public static Optional<SentenceTransformersLayout> read(Path folder) {
    return SentenceTransformersFiles.read(folder);
  }

  /** A folder with {@code config.json} and the weights of a dense layer. */
  public record DenseModule(Path folder) {}

  /** Vocabulary ids; the score is the first's logit less the second's, where there is one. */
  public record LogitScore(int trueToken, OptionalInt falseToken) {}
}
