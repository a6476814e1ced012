package dev.quern.engine.model;

import dev.quern.store.Checkpoint;
import dev.quern.store.JsonFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The tokens by which a language model answers whether a document is relevant: the score is the
 * logit of yes less that of no, whose sigmoid is the chance of yes among the two (arXiv 2506.05176,
 * section 2).
 *
 * @param no empty: the score is the logit of yes alone
 */
record AnswerTokens(int yes, OptionalInt no) {
  private static final String CLASSES = "classifier_from_token";
  private static final String TOKENIZER = "tokenizer.json";
  private static final long MAX_TOKENIZER_BYTES = 512L << 20;

  /** Whether the checkpoint says by itself that it is such a reranker. */
  static boolean stated(Checkpoint checkpoint) {
    ModelConfig config = ModelConfig.of(checkpoint);
    return config.has(CLASSES)
        || config.flag("is_original_qwen3_reranker", false)
        || SentenceTransformersLayout.read(checkpoint.folder())
            .flatMap(SentenceTransformersLayout::logitScore)
            .isPresent();
  }

  /** As stated by the layout or the configuration, else {@code yes} and {@code no}. */
  static AnswerTokens read(Checkpoint checkpoint, Optional<SentenceTransformersLayout> layout) {
    Optional<SentenceTransformersLayout.LogitScore> stated =
        layout.flatMap(SentenceTransformersLayout::logitScore);
    if (stated.isPresent()) {
      return new AnswerTokens(stated.get().trueToken(), stated.get().falseToken());
    }
    ModelConfig config = ModelConfig.of(checkpoint);
    List<String> classes = config.texts(CLASSES).orElse(List.of("no", "yes"));
    if (classes.size() != 2) {
      throw config.error(CLASSES, "holds " + classes.size() + " tokens: no and yes are needed");
    }
    return new AnswerTokens(
        id(checkpoint, config, classes.get(1)),
        OptionalInt.of(id(checkpoint, config, classes.get(0))));
  }

  private static int id(Checkpoint checkpoint, ModelConfig config, String token) {
    Path file = checkpoint.files().path(TOKENIZER);
    return checkpoint
        .files()
        .read(TOKENIZER, MAX_TOKENIZER_BYTES)
        .map(text -> ModelConfig.of(JsonFiles.parseObject(file, text), file))
        .flatMap(tokenizer -> tokenizer.object("model"))
        .flatMap(model -> model.object("vocab"))
        .map(vocabulary -> vocabulary.optionalIndex(token))
        .filter(OptionalInt::isPresent)
        .map(OptionalInt::getAsInt)
        .orElseThrow(
            () ->
                config.error(CLASSES, "has '" + token + "', which is no token of tokenizer.json"));
  }
}
