package dev.quern.engine.model;

import dev.quern.engine.tensor.RopeTable;
import java.util.List;

/**
 * What a decoder family makes of a checkpoint's configuration before any weight: enough for a
 * language model or for an encoder of the same layers.
 *
 * @param contextLength longest sequence that the rotary tables reach
 * @param layers loads a layer, its attention causal as {@link DecoderModel} computes it
 * @param ropes the tables that the layers share; whoever builds the layers closes them
 */
record DecoderStack(
    DecoderConfig config,
    int contextLength,
    DecoderModel.Ends ends,
    DecoderModel.LayerLoader layers,
    List<RopeTable> ropes) {
  DecoderStack {
    ropes = List.copyOf(ropes);
  }
}
