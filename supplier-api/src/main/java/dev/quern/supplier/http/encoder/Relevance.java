package dev.quern.supplier.http.encoder;

import dev.quern.engine.embed.EncoderText;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.model.EncoderTask;
import java.util.ArrayList;
import java.util.List;

/**
 * How close pairs of texts are: a reranker reads each pair, an embedding model each text, whose
 * vectors are then compared as the model's author compares them.
 *
 * @param firsts one, or one for each of the others
 * @param useActivation whether a reranker's scores go through its sigmoid
 */
record Relevance(
    EncoderDescription model, List<String> firsts, List<String> seconds, boolean useActivation) {
  List<EncoderText> texts() {
    List<EncoderText> texts = new ArrayList<>();
    if (model.task() == EncoderTask.RERANKING) {
      for (int i = 0; i < seconds.size(); i++) {
        texts.add(new EncoderText.Pair(firsts.get(first(i)), seconds.get(i)));
      }
    } else {
      firsts.forEach(text -> texts.add(new EncoderText.Text(text)));
      seconds.forEach(text -> texts.add(new EncoderText.Text(text)));
    }
    return texts;
  }

  /** The score of each pair {@code [seconds]}. */
  float[] scores(EncodingResult result) {
    float[] scores = new float[seconds.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] =
          model.task() == EncoderTask.RERANKING
              ? score(result.rows()[i])
              : model.similarity().of(result.rows()[first(i)], result.rows()[firsts.size() + i]);
    }
    return scores;
  }

  private float score(float[] row) {
    return useActivation ? model.activation().apply(row)[0] : row[0];
  }

  private int first(int second) {
    return firsts.size() == 1 ? 0 : second;
  }
}
