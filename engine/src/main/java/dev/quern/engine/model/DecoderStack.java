package dev.quern.engine.model;

/**
 * What a decoder family reads from a checkpoint's configuration before any weight: enough for a
 * language model or for an encoder of the same layers.
 *
 * @param contextLength longest sequence that the rotary tables reach
 * @param layers loads a layer, its attention causal as {@link DecoderModel} computes it
 */
record DecoderStack(
    DecoderConfig config,
    int contextLength,
    DecoderModel.Ends ends,
    DecoderModel.LayerLoader layers) {}
