package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

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
    List<EncoderInput> read = inputs.stream().map(head::read).toList();
    List<int[]> shares = InputShares.of(read, context.backend().encoders().lanes());
    float[][] results = new float[inputs.size()][];
    if (shares.isEmpty()) {
      pass(read, IntStream.range(0, results.length).toArray(), results);
    } else {
      List<Supplier<Boolean>> passes = new ArrayList<>();
      for (int[] share : shares) {
        passes.add(
            () -> {
              pass(read, share, results);
              return true;
            });
      }
      context.backend().encoders().sideBySide(passes);
    }
    return results;
  }

  /**
   * Computes some of the inputs, packed without padding.
   *
   * @param chosen which of them
   * @param results gets theirs
   */
  private void pass(List<EncoderInput> inputs, int[] chosen, float[][] results) {
    InputPacking packing =
        InputPacking.of(Arrays.stream(chosen).mapToObj(inputs::get).toList(), stack.shape());
    Backend backend = context.backend();
    float[] outputs;
    try (Workspace _ = backend.openWorkspace()) {
      EncoderBatch batch = backend.encoders().upload(packing.tokens());
      Tensor hidden = stack.forward(backend, batch);
      outputs = head.outputs(backend, hidden, batch);
    }
    int size = head.outputSize();
    for (int text = 0; text < chosen.length; text++) {
      results[chosen[packing.order()[text]]] =
          Arrays.copyOfRange(outputs, text * size, (text + 1) * size);
    }
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
