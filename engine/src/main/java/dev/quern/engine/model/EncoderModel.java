package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.QuernException;
import java.util.Arrays;
import java.util.List;

/** A stack of layers with a head on it. */
final class EncoderModel implements TextEncoder {
  private final FamilyContext context;
  private final EncoderStack stack;
  private final EncoderHead head;
  private final EncoderDescription description;

  EncoderModel(
      FamilyContext context, EncoderStack stack, EncoderHead head, EncoderDescription description) {
    this.context = context;
    this.stack = stack;
    this.head = head;
    this.description = description;
  }

  @Override
  public EncoderDescription description() {
    return description;
  }

  @Override
  public DType dtype() {
    return context.loader().dtype();
  }

  @Override
  public long parameters() {
    return context.weights().parameters();
  }

  @Override
  public MemoryUse memoryUse() {
    return context.loader().memoryUse();
  }

  @Override
  public float[][] encode(List<EncoderInput> inputs) {
    if (inputs.isEmpty()) {
      return new float[0][];
    }
    inputs.forEach(this::check);
    InputPacking packing = InputPacking.of(inputs.stream().map(head::read).toList(), stack.shape());
    Backend backend = context.backend();
    float[] outputs;
    try (Workspace _ = backend.openWorkspace()) {
      EncoderBatch batch = backend.encoders().upload(packing.tokens());
      Tensor hidden = stack.forward(backend, batch);
      outputs = head.outputs(backend, hidden, batch);
    }
    return inInputOrder(packing, outputs);
  }

  private float[][] inInputOrder(InputPacking packing, float[] outputs) {
    int size = head.outputSize();
    float[][] results = new float[packing.order().length][];
    for (int text = 0; text < results.length; text++) {
      results[packing.order()[text]] = Arrays.copyOfRange(outputs, text * size, (text + 1) * size);
    }
    return results;
  }

  private void check(EncoderInput input) {
    if (input.length() > description.maxTokens()) {
      throw QuernException.badRequest(
          "input",
          "an input of "
              + input.length()
              + " tokens is longer than the "
              + description.maxTokens()
              + " this model reads: shorten it, or ask for truncation");
    }
    int vocabulary = stack.shape().vocabularySize();
    for (int id : input.tokenIds()) {
      if (id < 0 || id >= vocabulary) {
        throw QuernException.badRequest(
            "input", "token id " + id + " is outside the vocabulary of " + vocabulary);
      }
    }
    int types = stack.shape().tokenTypes();
    for (int type : input.tokenTypeIds()) {
      if (types > 1 && (type < 0 || type >= types)) {
        throw QuernException.badRequest(
            "input", "token type " + type + " is none of the " + types + " the model has");
      }
    }
  }

  @Override
  public void close() {
    stack.close();
    context.loader().close();
  }
}
