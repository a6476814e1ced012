package dev.quern.engine.model;

import dev.quern.engine.tensor.Pooling;
import dev.quern.store.Checkpoint;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Puts a family's layers, the head that the task asks for and the layout together. */
final class EncoderLoader {
  private final Checkpoint checkpoint;
  private final Optional<SentenceTransformersLayout> layout;
  private final EncoderFamily family;

  EncoderLoader(
      Checkpoint checkpoint, Optional<SentenceTransformersLayout> layout, EncoderFamily family) {
    this.checkpoint = checkpoint;
    this.layout = layout;
    this.family = family;
  }

  /**
   * @param root of all weights, without a prefix
   */
  TextEncoder load(FamilyContext root, EncoderTask task) {
    refuse(root.config(), task);
    FamilyContext context = withoutPrefix(root);
    EncoderStack stack = family.stack().apply(context);
    boolean loaded = false;
    try {
      TextEncoder model = load(root, context, stack, task);
      loaded = true;
      return model;
    } finally {
      if (!loaded) {
        stack.close();
      }
    }
  }

  private TextEncoder load(
      FamilyContext root, FamilyContext context, EncoderStack stack, EncoderTask task) {
    int maxTokens = maxTokens(context, stack.shape());
    if (task == EncoderTask.EMBEDDING) {
      VectorHead head = vectorHead(context, stack);
      return new EncoderModel(context, stack, head, describe(head, maxTokens));
    }
    if (family.classes().isPresent()) {
      ClassLabels labels = ClassLabels.read(context.config()).with(layout);
      ClassHead head =
          family
              .classes()
              .get()
              .load(context, root.weights(), stack.shape().hiddenSize(), labels.count());
      return new EncoderModel(
          context, stack, head, describe(task, labels, maxTokens, template(task)));
    }
    AnswerHead head =
        AnswerHead.load(
            context, root.weights(), stack.shape(), AnswerTokens.read(checkpoint, layout));
    ClassLabels labels = new ClassLabels(List.of("yes"), ScoreActivation.SIGMOID).with(layout);
    return new EncoderModel(
        context, stack, head, describe(task, labels, maxTokens, template(task)));
  }

  /** Rerankers made of Qwen 3 read its template, also where the answers became a class head. */
  private Optional<RerankTemplate> template(EncoderTask task) {
    return task == EncoderTask.RERANKING && family.answers()
        ? Optional.of(RerankTemplate.QWEN3)
        : Optional.empty();
  }

  private void refuse(ModelConfig config, EncoderTask task) {
    boolean possible =
        switch (task) {
          case EMBEDDING -> true;
          case CLASSIFICATION -> family.classes().isPresent();
          case RERANKING -> family.classes().isPresent() || family.answers();
        };
    if (!possible) {
      throw config.error(
          "architectures",
          "names "
              + checkpoint.architecture()
              + ", which has no scores for "
              + task.name().toLowerCase(Locale.ROOT)
              + ": use its *ForSequenceClassification checkpoint");
    }
    if (task == EncoderTask.RERANKING
        && family.classes().isPresent()
        && ClassLabels.read(config).count() != 1) {
      throw config.error(
          "id2label",
          "has " + ClassLabels.read(config).count() + " classes, and a reranker has one");
    }
  }

  private FamilyContext withoutPrefix(FamilyContext root) {
    String start = family.prefix() + ".";
    boolean prefixed = checkpoint.tensors().keySet().stream().anyMatch(n -> n.startsWith(start));
    return prefixed ? root.withWeights(root.weights().under(family.prefix())) : root;
  }

  private int maxTokens(FamilyContext context, EncoderShape shape) {
    int reached = shape.maxTokens();
    if (context.requestedContext().isPresent()) {
      int requested = context.requestedContext().getAsInt();
      if (requested > reached) {
        throw context
            .config()
            .error(
                "max_position_embeddings",
                "reaches " + reached + " tokens: a length of " + requested + " is more");
      }
      return requested;
    }
    int stated = layout.isPresent() ? layout.get().maxSequenceLength().orElse(reached) : reached;
    return Math.min(stated, reached);
  }

  /** Without a layout vectors are pooled as the family does, and have length one. */
  private VectorHead vectorHead(FamilyContext context, EncoderStack stack) {
    int hiddenSize = stack.shape().hiddenSize();
    List<Pooling> pooling =
        layout
            .map(SentenceTransformersLayout::pooling)
            .filter(modes -> !modes.isEmpty())
            .orElse(List.of(stack.defaultPooling()));
    return VectorHead.load(
        context,
        hiddenSize,
        pooling,
        layout.map(SentenceTransformersLayout::dense).orElse(List.of()),
        layout.map(SentenceTransformersLayout::normalise).orElse(true));
  }

  private EncoderDescription describe(VectorHead head, int maxTokens) {
    return new EncoderDescription(
        checkpoint.architecture(),
        EncoderTask.EMBEDDING,
        head.outputSize(),
        maxTokens,
        /* labels= */ List.of(),
        ScoreActivation.NONE,
        head.pooling(),
        head.normalise(),
        layout.flatMap(SentenceTransformersLayout::similarity).orElse(VectorSimilarity.COSINE),
        layout.map(SentenceTransformersLayout::prompts).orElse(Map.of()),
        layout.flatMap(SentenceTransformersLayout::defaultPrompt),
        layout.map(SentenceTransformersLayout::lowerCase).orElse(false),
        layout.map(SentenceTransformersLayout::poolsPrompt).orElse(true),
        /* pairs= */ false,
        Optional.empty());
  }

  private EncoderDescription describe(
      EncoderTask task, ClassLabels labels, int maxTokens, Optional<RerankTemplate> template) {
    return new EncoderDescription(
        checkpoint.architecture(),
        task,
        labels.count(),
        maxTokens,
        labels.names(),
        labels.activation(),
        /* pooling= */ List.of(),
        /* normalised= */ false,
        VectorSimilarity.COSINE,
        layout.map(SentenceTransformersLayout::prompts).orElse(Map.of()),
        layout.flatMap(SentenceTransformersLayout::defaultPrompt),
        layout.map(SentenceTransformersLayout::lowerCase).orElse(false),
        /* poolsPrompt= */ true,
        /* pairs= */ template.isEmpty(),
        template);
  }
}
