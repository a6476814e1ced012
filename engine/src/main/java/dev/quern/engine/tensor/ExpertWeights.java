package dev.quern.engine.tensor;

/** The experts of one mixture-of-experts layer, in the backend's own layout. */
public interface ExpertWeights {
  int experts();
}
