package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The score of a language model's answer, see {@link AnswerTokens}.
 *
 * @param answers rows of the output projection: yes, then no if that counts
 */
record AnswerHead(LinearWeight answers, DType dtype) implements EncoderHead {

  /** Of the whole output projection only the answers' rows are loaded. */
  static AnswerHead load(
      FamilyContext context, Weights root, EncoderShape shape, AnswerTokens tokens) {
    List<Integer> rows = new ArrayList<>();
    rows.add(tokens.yes());
    tokens.no().ifPresent(rows::add);
    for (int row : rows) {
      if (row >= shape.vocabularySize()) {
        throw context
            .config()
            .error(
                "vocab_size", "is " + shape.vocabularySize() + ", and token " + row + " answers");
      }
    }
    LinearWeight answers =
        root.has("lm_head.weight")
            ? root.outputs("lm_head", shape.vocabularySize(), shape.hiddenSize(), rows)
            : context
                .weights()
                .outputs("embed_tokens", shape.vocabularySize(), shape.hiddenSize(), rows);
    return new AnswerHead(answers, context.loader().dtype());
  }

  @Override
  public int outputSize() {
    return 1;
  }

  @Override
  public float[] outputs(Backend backend, Tensor hidden, EncoderBatch batch) {
    EncoderOperations encoders = backend.encoders();
    Tensor last = encoders.converted(encoders.pool(hidden, Pooling.LAST_TOKEN, batch), dtype);
    float[] logits = backend.toHost(backend.linear(last, answers));
    if (answers.outFeatures() == 1) {
      return logits;
    }
    float[] scores = new float[logits.length / 2];
    for (int text = 0; text < scores.length; text++) {
      scores[text] = logits[2 * text] - logits[2 * text + 1];
    }
    return scores;
  }
}
