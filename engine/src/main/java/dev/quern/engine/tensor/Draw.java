package dev.quern.engine.tensor;

/** What is wanted of one row of logits. */
public sealed interface Draw {
  /** No log-probabilities, for {@link #logprobs}. */
  int NO_LOGPROBS = -1;

  /**
   * How many of the likeliest tokens are told with their log-probabilities, beside the row's own;
   * {@link #NO_LOGPROBS}: none, nor its own. They are of the logits as the model gave them.
   */
  int logprobs();

  /**
   * One token, chosen in vLLM's order: changes, temperature, min-p, top-k, top-p, one draw.
   *
   * @param changes made to the logits before all else
   * @param temperature divides logits; 0: the largest logit is taken, ties go to the lowest id
   * @param topK most probable tokens kept; 0: all
   * @param topP smallest set with this much probability kept, in (0, 1]
   * @param minP tokens with less than this share of the best one's probability are dropped
   * @param uniform in [0, 1): where in the cumulated probabilities the token lies; the order of
   *     tokens in them is the backend's own, and always the same
   */
  record Choice(
      LogitChanges changes,
      double temperature,
      int topK,
      double topP,
      double minP,
      double uniform,
      int logprobs)
      implements Draw {
    /** The largest logit, and nothing else. */
    public static final Choice LARGEST = new Choice(LogitChanges.NONE, 0, 0, 1, 0, 0, NO_LOGPROBS);

    public Choice {
      if (!(temperature >= 0)
          || topK < 0
          || !(topP > 0 && topP <= 1)
          || !(minP >= 0 && minP <= 1)
          || !(uniform >= 0 && uniform < 1)) {
        throw new IllegalArgumentException(
            "no way to choose a token: temperature " + temperature + ", uniform " + uniform);
      }
    }

    public boolean isGreedy() {
      return temperature == 0;
    }

    /** Whether it asks for no more than {@link #LARGEST}. */
    public boolean isLargest() {
      return isGreedy() && logprobs < 0 && changes.isEmpty();
    }
  }

  /** No choice, but the log-probability of a known token. */
  record Score(int token, int logprobs) implements Draw {
    public Score {
      if (logprobs < 0) {
        throw new IllegalArgumentException("a score is a log-probability");
      }
    }
  }
}
