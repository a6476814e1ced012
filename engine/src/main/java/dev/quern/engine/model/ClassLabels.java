package dev.quern.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The classes of a {@code *ForSequenceClassification} checkpoint.
 *
 * @param names by the number of the class
 */
record ClassLabels(List<String> names, ScoreActivation activation) {
  ClassLabels {
    names = List.copyOf(names);
  }

  /**
   * From {@code id2label} and {@code num_labels}; the activation as sentence-transformers stated
   * it, else by {@code problem_type}, else by the number of classes.
   */
  static ClassLabels read(ModelConfig config) {
    List<String> names = readNames(config);
    return new ClassLabels(names, readActivation(config, names.size()));
  }

  /** The same, but that the layout's activation goes before the configuration's. */
  ClassLabels with(Optional<SentenceTransformersLayout> layout) {
    return layout
        .flatMap(SentenceTransformersLayout::activation)
        .map(stated -> new ClassLabels(names, stated))
        .orElse(this);
  }

  int count() {
    return names.size();
  }

  /** Two classes without names are what transformers takes where nothing is stated. */
  private static List<String> readNames(ModelConfig config) {
    Map<String, String> byNumber = config.textsByName("id2label");
    int count = byNumber.isEmpty() ? config.positiveInt("num_labels", 2) : byNumber.size();
    List<String> names = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String name = byNumber.isEmpty() ? "LABEL_" + i : byNumber.get(String.valueOf(i));
      if (name == null) {
        throw config.error("id2label", "has " + count + " names, but none for class " + i);
      }
      names.add(name);
    }
    return names;
  }

  private static ScoreActivation readActivation(ModelConfig config, int count) {
    Optional<String> stated =
        config
            .object("sentence_transformers")
            .flatMap(section -> section.text("activation_fn"))
            .or(() -> config.text("sbert_ce_default_activation_function"));
    if (stated.isPresent()) {
      return SentenceTransformersFiles.activation(config, stated.get());
    }
    Optional<String> problem = config.text("problem_type");
    if (problem.isEmpty()) {
      return count == 1 ? ScoreActivation.SIGMOID : ScoreActivation.SOFTMAX;
    }
    return switch (problem.get()) {
      case "regression" -> ScoreActivation.NONE;
      case "single_label_classification" ->
          count == 1 ? ScoreActivation.SIGMOID : ScoreActivation.SOFTMAX;
      case "multi_label_classification" -> ScoreActivation.SIGMOID;
      default ->
          throw config.error(
              "problem_type",
              "is '"
                  + problem.get()
                  + "': regression, single_label_classification and multi_label_classification are"
                  + " supported");
    };
  }
}
