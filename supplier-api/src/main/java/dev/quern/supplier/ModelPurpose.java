package dev.quern.supplier;

import dev.quern.engine.runtime.LoadedEncoder;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.LoadedModel;

/** What models are for, in words for a client that asked for something else. */
public final class ModelPurpose {
  private ModelPurpose() {}

  /** What a model does, and the routes that ask for it. */
  public static String of(LoadedModel model) {
    return switch (model) {
      case LoadedLanguageModel generator ->
          "generates text (/v1/chat/completions, /v1/completions)";
      case LoadedEncoder encoder ->
          switch (encoder.description().task()) {
            case EMBEDDING -> "embeds texts (/v1/embeddings, /v1/rerank, /v1/score)";
            case CLASSIFICATION -> "classifies texts (/v1/classify)";
            case RERANKING -> "scores pairs of texts (/v1/rerank, /v1/score)";
          };
    };
  }
}
