package dev.quern.engine.model;

import dev.quern.engine.tensor.Pooling;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a loaded encoder is and how its inputs and outputs are to be treated.
 *
 * @param architecture the checkpoint's architecture name, e.g. {@code BertModel}
 * @param outputSize length of a vector, or number of class scores
 * @param maxTokens most tokens of one input, special ones included
 * @param labels name of each class score; empty for vectors
 * @param activation what turns class scores into what users expect; NONE for vectors
 * @param pooling how token vectors become one, in the order they are joined; empty for class scores
 * @param normalised whether vectors have length one already
 * @param similarity how vectors are meant to be compared
 * @param prompts text put before an input, by the name of its purpose ({@code query}, {@code
 *     document})
 * @param defaultPrompt the prompt's name where the caller gives none
 * @param lowerCase whether texts are to be lower-cased before they are tokenised
 * @param poolsPrompt whether a prompt's tokens count in pooling; if not, {@link
 *     EncoderInput#promptTokens} says how many they are
 * @param pairs whether the model was made to read two texts at once
 * @param rerankTemplate how a generative reranker's input is written; empty: as a pair
 */
public record EncoderDescription(
    String architecture,
    EncoderTask task,
    int outputSize,
    int maxTokens,
    List<String> labels,
    ScoreActivation activation,
    List<Pooling> pooling,
    boolean normalised,
    VectorSimilarity similarity,
    Map<String, String> prompts,
    Optional<String> defaultPrompt,
    boolean lowerCase,
    boolean poolsPrompt,
    boolean pairs,
    Optional<RerankTemplate> rerankTemplate) {
  public EncoderDescription {
    labels = List.copyOf(labels);
    pooling = List.copyOf(pooling);
    prompts = Map.copyOf(prompts);
    if (outputSize < 1 || maxTokens < 1) {
      throw new IllegalArgumentException(outputSize + " outputs, " + maxTokens + " tokens");
    }
    if (task != EncoderTask.EMBEDDING && labels.size() != outputSize) {
      throw new IllegalArgumentException(labels.size() + " labels for " + outputSize + " scores");
    }
    if (defaultPrompt.isPresent() && !prompts.containsKey(defaultPrompt.get())) {
      throw new IllegalArgumentException("there is no prompt " + defaultPrompt.get());
    }
  }
}
