package dev.quern.engine.tensor;

/**
 * The prepared weight of a linear layer, {@code [outFeatures, inFeatures]}, with its optional bias;
 * the layout (packed, quantised, tiled) is the backend's own affair.
 */
public interface LinearWeight {
  long outFeatures();

  long inFeatures();
}
