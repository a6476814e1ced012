package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.store.Checkpoint;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** The registry of encoder families, by the architecture's name in {@code config.json}. */
public final class TextEncoders {
  private static final EncoderFamily BERT = EncoderFamily.encoder("bert", BertModel::load);
  private static final EncoderFamily ROBERTA = EncoderFamily.encoder("roberta", RobertaModel::load);
  private static final EncoderFamily DISTIL_BERT =
      EncoderFamily.encoder("distilbert", DistilBertModel::load);
  private static final EncoderFamily MPNET = EncoderFamily.encoder("mpnet", MPNetModel::load);
  private static final EncoderFamily NOMIC_BERT =
      EncoderFamily.encoder("nomic_bert", NomicBertModel::load);
  private static final EncoderFamily MODERN_BERT =
      EncoderFamily.encoder("model", ModernBertModel::load);
  private static final EncoderFamily QWEN3 =
      EncoderFamily.answering("model", Qwen3ForCausalLM::encoder);
  private static final EncoderFamily GEMMA3 =
      EncoderFamily.encoder("model", Gemma3ForCausalLM::encoder);

  private static final Map<String, EncoderFamily> FAMILIES =
      Map.ofEntries(
          Map.entry("BertModel", BERT),
          Map.entry("BertForMaskedLM", BERT),
          Map.entry("BertForSequenceClassification", BERT.withClasses(ClassHead::pooled)),
          Map.entry("RobertaModel", ROBERTA),
          Map.entry("RobertaForMaskedLM", ROBERTA),
          Map.entry("RobertaForSequenceClassification", ROBERTA.withClasses(ClassHead::projected)),
          Map.entry("XLMRobertaModel", ROBERTA),
          Map.entry("XLMRobertaForMaskedLM", ROBERTA),
          Map.entry(
              "XLMRobertaForSequenceClassification", ROBERTA.withClasses(ClassHead::projected)),
          Map.entry("DistilBertModel", DISTIL_BERT),
          Map.entry("DistilBertForMaskedLM", DISTIL_BERT),
          Map.entry(
              "DistilBertForSequenceClassification",
              DISTIL_BERT.withClasses(ClassHead::distilBert)),
          Map.entry("MPNetModel", MPNET),
          Map.entry("MPNetForMaskedLM", MPNET),
          Map.entry("MPNetForSequenceClassification", MPNET.withClasses(ClassHead::projected)),
          Map.entry("NomicBertModel", NOMIC_BERT),
          Map.entry("NomicBertForMaskedLM", NOMIC_BERT),
          Map.entry(
              "NomicBertForSequenceClassification", NOMIC_BERT.withClasses(ClassHead::pooled)),
          Map.entry("ModernBertModel", MODERN_BERT),
          Map.entry("ModernBertForMaskedLM", MODERN_BERT),
          Map.entry(
              "ModernBertForSequenceClassification",
              MODERN_BERT.withClasses(ClassHead::modernBert)),
          Map.entry("Qwen3Model", QWEN3),
          Map.entry("Qwen3ForCausalLM", QWEN3),
          Map.entry("Qwen3ForSequenceClassification", QWEN3.withClasses(ClassHead::lastToken)),
          Map.entry("Gemma3TextModel", GEMMA3),
          Map.entry("Gemma3ForCausalLM", GEMMA3),
          Map.entry(
              "Gemma3TextForSequenceClassification", GEMMA3.withClasses(ClassHead::lastToken)));

  private TextEncoders() {}

  /** Names of the architectures that {@link #load} knows. */
  public static SortedSet<String> architectures() {
    return new TreeSet<>(FAMILIES.keySet());
  }

  public static boolean supports(String architecture) {
    return FAMILIES.containsKey(architecture);
  }

  /**
   * What a checkpoint was made for, by its configuration and layout; empty: not an encoder. A
   * language model counts as one when it comes with a sentence-transformers layout or names the
   * tokens of a reranker's answers.
   *
   * @throws dev.quern.store.QuernException BAD_REQUEST when a file of its layout is wrong
   */
  public static Optional<EncoderTask> taskOf(Checkpoint checkpoint) {
    String architecture = checkpoint.architecture();
    if (!supports(architecture)) {
      return Optional.empty();
    }
    if (architecture.endsWith("ForSequenceClassification")) {
      return Optional.of(
          ClassLabels.read(ModelConfig.of(checkpoint)).count() == 1
              ? EncoderTask.RERANKING
              : EncoderTask.CLASSIFICATION);
    }
    if (AnswerTokens.stated(checkpoint)) {
      return Optional.of(EncoderTask.RERANKING);
    }
    boolean generates = Models.architectures().contains(architecture);
    return generates && SentenceTransformersLayout.read(checkpoint.folder()).isEmpty()
        ? Optional.empty()
        : Optional.of(EncoderTask.EMBEDDING);
  }

  /**
   * What a language model's name says that it was made for where its files do not: those of the
   * original Qwen3-Reranker are a chat model's to the last key. A name is a hint for the operator,
   * never a decision.
   */
  public static Optional<EncoderTask> hintedBy(String name, Checkpoint checkpoint) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (!supports(checkpoint.architecture()) || taskOf(checkpoint).isPresent()) {
      return Optional.empty();
    }
    if (lower.contains("rerank")) {
      return Optional.of(EncoderTask.RERANKING);
    }
    return lower.contains("embed") ? Optional.of(EncoderTask.EMBEDDING) : Optional.empty();
  }

  /** {@link #load(Checkpoint, Backend, LoadOptions, EncoderTask)} for {@link #taskOf}. */
  public static TextEncoder load(Checkpoint checkpoint, Backend backend, LoadOptions options) {
    return load(checkpoint, backend, options, taskOf(checkpoint).orElse(EncoderTask.EMBEDDING));
  }

  /**
   * Loads a checkpoint's weights to the backend's device, on the device's thread.
   *
   * @param task what it is to do: a language model can embed or rerank, others are of one kind
   * @throws dev.quern.store.QuernException BAD_REQUEST when the architecture is not supported for
   *     the task, or a file or a tensor is wrong; OUT_OF_MEMORY when the weights do not fit.
   *     Nothing stays loaded then.
   */
  public static TextEncoder load(
      Checkpoint checkpoint, Backend backend, LoadOptions options, EncoderTask task) {
    Optional<SentenceTransformersLayout> layout =
        SentenceTransformersLayout.read(checkpoint.folder());
    ModelConfig config = ModelConfig.of(checkpoint);
    EncoderFamily family = FAMILIES.get(checkpoint.architecture());
    if (family == null) {
      throw config.error(
          "architectures",
          "names "
              + checkpoint.architecture()
              + ", which is not supported: "
              + String.join(", ", architectures())
              + " are");
    }
    return Models.load(
        checkpoint,
        backend,
        options,
        context -> new EncoderLoader(checkpoint, layout, family).load(context, task));
  }
}
