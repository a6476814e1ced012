package dev.quern.engine.model;

/**
 * How rotary frequencies are stretched for contexts longer than those of pretraining. Everything is
 * computed in fp32, step for step as transformers does, so that results agree to the last bits.
 */
sealed interface RopeScaling {
  /**
   * Angle per position of each rotated pair.
   *
   * @param theta base of the unscaled frequencies
   * @param rotaryDim leading dimensions of a head that are rotated, even
   * @param contextLength longest sequence that the model is loaded for
   * @return {@code [rotaryDim / 2]}
   */
  float[] frequencies(double theta, int rotaryDim, int contextLength);

  /** Factor on cosines and sines. */
  default float attentionFactor() {
    return 1;
  }

  /** Longest context that may be asked for, given the configuration's {@code stated} one. */
  default int longestContext(int stated) {
    return stated;
  }

  /** Context where none is asked for. */
  default int statedContext(int stated) {
    return stated;
  }

  /** {@code theta^(-2i / rotaryDim)} (RoFormer, arXiv 2104.09864). */
  static float[] unscaled(double theta, int rotaryDim) {
    float[] frequencies = new float[rotaryDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = 1 / power(theta, i, rotaryDim);
    }
    return frequencies;
  }

  /** {@code theta^(2i / rotaryDim)}. */
  private static float power(double theta, int i, int rotaryDim) {
    return (float) Math.pow((float) theta, 2f * i / rotaryDim);
  }

  private static int stretched(double factor, int length) {
    return (int) Math.min(Integer.MAX_VALUE, Math.floor(factor * length));
  }

  /** No scaling. */
  record None() implements RopeScaling {
    @Override
    public float[] frequencies(double theta, int rotaryDim, int contextLength) {
      return unscaled(theta, rotaryDim);
    }
  }

  /** Position interpolation (arXiv 2306.15595). */
  record Linear(double factor) implements RopeScaling {
    @Override
    public float[] frequencies(double theta, int rotaryDim, int contextLength) {
      float[] frequencies = unscaled(theta, rotaryDim);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] /= (float) factor;
      }
      return frequencies;
    }

    @Override
    public int longestContext(int stated) {
      return stretched(factor, stated);
    }
  }

  /**
   * NTK-aware scaling of the base by the length of the sequence. In transformers the base follows
   * the longest sequence seen so far, while keys already cached keep the base they were made with.
   * Here all keys of all sequences share one base: that of the longest sequence the model is loaded
   * for. Loaded for no more than the original length, nothing is scaled; loaded for more, this
   * equals transformers once it has seen a sequence of that length.
   *
   * @param originalLength context of pretraining
   */
  record Dynamic(double factor, int originalLength) implements RopeScaling {
    @Override
    public float[] frequencies(double theta, int rotaryDim, int contextLength) {
      double length = Math.max(contextLength, originalLength);
      double growth = factor * length / originalLength - (factor - 1);
      return unscaled(theta * Math.pow(growth, rotaryDim / (rotaryDim - 2.0)), rotaryDim);
    }

    @Override
    public int longestContext(int stated) {
      return stretched(factor, stated);
    }
  }

  /**
   * Llama 3.1 (arXiv 2407.21783): waves longer than {@code originalLength / lowFrequencyFactor} are
   * stretched, those shorter than {@code originalLength / highFrequencyFactor} are not, and between
   * them the two are blended.
   */
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalLength)
      implements RopeScaling {
    @Override
    public float[] frequencies(double theta, int rotaryDim, int contextLength) {
      float[] frequencies = unscaled(theta, rotaryDim);
      float low = (float) lowFrequencyFactor;
      float high = (float) highFrequencyFactor;
      for (int i = 0; i < frequencies.length; i++) {
        float frequency = frequencies[i];
        float wavelength = (float) (2 * Math.PI) / frequency;
        if (wavelength > (float) (originalLength / lowFrequencyFactor)) {
          frequencies[i] = frequency / (float) factor;
        } else if (wavelength >= (float) (originalLength / highFrequencyFactor)) {
          float smooth = (originalLength / wavelength - low) / (high - low);
          frequencies[i] = (1 - smooth) * frequency / (float) factor + smooth * frequency;
        }
      }
      return frequencies;
    }
  }

  /**
   * YaRN (arXiv 2309.00071): dimensions that turn more than {@code betaFast} times in the original
   * context stay as they are, those that turn less than {@code betaSlow} times are interpolated,
   * with a ramp between.
   *
   * @param truncate whether the ramp's ends are moved to whole dimensions
   */
  record Yarn(
      double factor,
      int originalLength,
      double betaFast,
      double betaSlow,
      boolean truncate,
      float attentionFactor)
      implements RopeScaling {
    @Override
    public float[] frequencies(double theta, int rotaryDim, int contextLength) {
      double low = dimensionTurning(betaFast, theta, rotaryDim);
      double high = dimensionTurning(betaSlow, theta, rotaryDim);
      if (truncate) {
        low = Math.floor(low);
        high = Math.ceil(high);
      }
      low = Math.max(low, 0);
      high = Math.min(high, rotaryDim - 1);
      float width = (float) (low == high ? 0.001 : high - low);
      float[] frequencies = new float[rotaryDim / 2];
      for (int i = 0; i < frequencies.length; i++) {
        float power = power(theta, i, rotaryDim);
        float kept = 1 - Math.clamp((i - (float) low) / width, 0f, 1f);
        frequencies[i] = 1 / ((float) factor * power) * (1 - kept) + 1 / power * kept;
      }
      return frequencies;
    }

    /** The dimension whose pair turns {@code turns} times in the original context. */
    private double dimensionTurning(double turns, double theta, int rotaryDim) {
      return rotaryDim * Math.log(originalLength / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    @Override
    public int longestContext(int stated) {
      return Math.max(stated, stretched(factor, originalLength));
    }

    /** YaRN stretches every length alike, so that the long context costs nothing more. */
    @Override
    public int statedContext(int stated) {
      return longestContext(stated);
    }
  }

  /**
   * LongRoPE (arXiv 2402.13753): a factor for each pair, from one list up to the original context
   * and from another beyond it. transformers chooses by the length of the sequence and computes the
   * whole cache anew when a sequence crosses the border; here, as in vLLM, the longest sequence the
   * model is loaded for decides once for all.
   */
  record LongRope(
      float[] shortFactors, float[] longFactors, int originalLength, float attentionFactor)
      implements RopeScaling {
    @Override
    public float[] frequencies(double theta, int rotaryDim, int contextLength) {
      float[] factors = contextLength > originalLength ? longFactors : shortFactors;
      float[] frequencies = new float[rotaryDim / 2];
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = 1 / (factors[i] * power(theta, i, rotaryDim));
      }
      return frequencies;
    }
  }
}
