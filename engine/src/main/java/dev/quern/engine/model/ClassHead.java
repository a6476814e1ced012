package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.EncoderOperations.LayerNorm;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.PointwiseFunction;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.Tensor;
import java.util.Arrays;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Raw class scores: {@code norm(function(pooled W + b)) W_classes}.
 *
 * @param transform null: the pooled vector is classified as it is
 * @param classifier {@code [outputSize, hiddenSize]}
 * @param endPadding a token that is not read at the end of a text: it is the padding's too, and
 *     such models were trained on the last token before any
 */
record ClassHead(
    Pooling pooling,
    @Nullable Transform transform,
    LinearWeight classifier,
    DType dtype,
    int outputSize,
    OptionalInt endPadding)
    implements EncoderHead {

  /**
   * @param norm null: none
   */
  record Transform(LinearWeight weight, PointwiseFunction function, @Nullable LayerNorm norm) {}

  /** The class head of one family, of weights without the encoder's own prefix. */
  @FunctionalInterface
  interface Loader {
    ClassHead load(FamilyContext context, Weights root, int hiddenSize, int classes);
  }

  /** {@code tanh(x_0 W_pooler) W_classes}, the pooler under the encoder's own prefix. */
  static ClassHead pooled(FamilyContext context, Weights root, int hiddenSize, int classes) {
    return firstToken(
        context,
        context.weights().linear("pooler.dense", hiddenSize, hiddenSize, /* bias= */ true),
        PointwiseFunction.TANH,
        root.linear("classifier", classes, hiddenSize, /* bias= */ true),
        classes);
  }

  /** {@code tanh(x_0 W_dense) W_classes}, as RoBERTa and MPNet name them. */
  static ClassHead projected(FamilyContext context, Weights root, int hiddenSize, int classes) {
    return firstToken(
        context,
        root.linear("classifier.dense", hiddenSize, hiddenSize, /* bias= */ true),
        PointwiseFunction.TANH,
        root.linear("classifier.out_proj", classes, hiddenSize, /* bias= */ true),
        classes);
  }

  /** {@code relu(x_0 W_pre) W_classes}. */
  static ClassHead distilBert(FamilyContext context, Weights root, int hiddenSize, int classes) {
    return firstToken(
        context,
        root.linear("pre_classifier", hiddenSize, hiddenSize, /* bias= */ true),
        PointwiseFunction.RELU,
        root.linear("classifier", classes, hiddenSize, /* bias= */ true),
        classes);
  }

  private static ClassHead firstToken(
      FamilyContext context,
      LinearWeight transform,
      PointwiseFunction function,
      LinearWeight classifier,
      int classes) {
    return new ClassHead(
        Pooling.CLS,
        new Transform(transform, function, /* norm= */ null),
        classifier,
        context.loader().dtype(),
        classes,
        OptionalInt.empty());
  }

  /** {@code LayerNorm(gelu(pooled W_dense)) W_classes}. */
  static ClassHead modernBert(FamilyContext context, Weights root, int hiddenSize, int classes) {
    ModelConfig config = context.config();
    String pooling = config.text("classifier_pooling").orElse("cls");
    Transform transform =
        new Transform(
            root.linear(
                "head.dense", hiddenSize, hiddenSize, config.flag("classifier_bias", false)),
            config.function("classifier_activation", "gelu"),
            root.layerNorm(
                "head.norm",
                hiddenSize,
                (float) config.positiveNumber("norm_eps", 1e-5),
                config.flag("norm_bias", false)));
    return new ClassHead(
        switch (pooling) {
          case "cls" -> Pooling.CLS;
          case "mean" -> Pooling.MEAN;
          default ->
              throw config.error(
                  "classifier_pooling", "is '" + pooling + "': cls and mean are supported");
        },
        transform,
        root.linear("classifier", classes, hiddenSize, /* bias= */ true),
        context.loader().dtype(),
        classes,
        OptionalInt.empty());
  }

  /** {@code x_last W_score}: the last token of a decoder has seen the whole text. */
  static ClassHead lastToken(FamilyContext context, Weights root, int hiddenSize, int classes) {
    return new ClassHead(
        Pooling.LAST_TOKEN,
        /* transform= */ null,
        root.linear("score", classes, hiddenSize, /* bias= */ false),
        context.loader().dtype(),
        classes,
        context.config().optionalIndex("pad_token_id"));
  }

  @Override
  public EncoderInput read(EncoderInput input) {
    int end = input.length();
    while (endPadding.isPresent()
        && end > 1
        && input.tokenIds()[end - 1] == endPadding.getAsInt()) {
      end--;
    }
    return end == input.length() ? input : EncoderInput.of(Arrays.copyOf(input.tokenIds(), end));
  }

  @Override
  public float[] outputs(Backend backend, Tensor hidden, EncoderBatch batch) {
    EncoderOperations encoders = backend.encoders();
    Tensor x = encoders.converted(encoders.pool(hidden, pooling, batch), dtype);
    if (transform != null) {
      x = encoders.linear(x, transform.weight(), transform.function());
      LayerNorm norm = transform.norm();
      x = norm == null ? x : encoders.layerNorm(x, norm);
    }
    return backend.toHost(backend.linear(x, classifier));
  }
}
