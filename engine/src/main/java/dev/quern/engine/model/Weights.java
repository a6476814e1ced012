package dev.quern.engine.model;

import dev.quern.engine.tensor.EncoderOperations.LayerNorm;
import dev.quern.engine.tensor.ExpertWeights;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.WeightSource;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.TensorEntry;
import dev.quern.store.elements.TensorReader;
import java.util.ArrayList;
import java.util.List;

/**
 * A checkpoint's tensors under one prefix, checked against the shapes that the configuration asks
 * for and handed to the loader. A tensor that is missing, of another shape or of a type that holds
 * no numbers is a {@link QuernException} that names tensor and file.
 */
final class Weights {
  /** One loading's sum over all prefixes. */
  private static final class Progress {
    private final LoadListener listener;
    private long bytes;
    private long parameters;

    private Progress(LoadListener listener) {
      this.listener = listener;
    }
  }

  private final Checkpoint checkpoint;
  private final WeightLoader loader;
  private final Progress progress;
  private final String prefix;

  /**
   * @param listener hears how many bytes of the checkpoint have been loaded, after each tensor
   */
  Weights(Checkpoint checkpoint, WeightLoader loader, LoadListener listener) {
    this(checkpoint, loader, new Progress(listener), "");
  }

  private Weights(Checkpoint checkpoint, WeightLoader loader, Progress progress, String prefix) {
    this.checkpoint = checkpoint;
    this.loader = loader;
    this.progress = progress;
    this.prefix = prefix;
  }

  /** The tensors whose names go on with {@code name} and a dot. */
  Weights under(String name) {
    return new Weights(checkpoint, loader, progress, prefix + name + ".");
  }

  /** The tensors of another checkpoint, of which this model is made too. */
  Weights of(Checkpoint other) {
    return new Weights(other, loader, progress, "");
  }

  /** Whether there is a tensor whose name goes on with {@code name}. */
  boolean has(String name) {
    return checkpoint.has(prefix + name);
  }

  /** A lookup table {@code [rows, columns]}. */
  Tensor table(String name, long rows, long columns) {
    WeightSource source = source(name + ".weight", rows, columns);
    Tensor table = loader.tensor(source);
    loaded(List.of(source));
    return table;
  }

  /** An RMSNorm's factors {@code [size]}, each with {@code offset} added. */
  Tensor norm(String name, long size, float offset) {
    WeightSource source = source(name + ".weight", size);
    Tensor norm = loader.norm(source, offset);
    loaded(List.of(source));
    return norm;
  }

  /** A LayerNorm's factors and summands {@code [size]}, in today's names or TensorFlow's. */
  LayerNorm layerNorm(String name, long size, float epsilon, boolean bias) {
    boolean old = !has(name + ".weight") && has(name + ".gamma");
    WeightSource factors = source(name + (old ? ".gamma" : ".weight"), size);
    Tensor weight = loader.norm(factors, 0);
    loaded(List.of(factors));
    if (!bias) {
      return new LayerNorm(weight, null, epsilon);
    }
    WeightSource summands = source(name + (old ? ".beta" : ".bias"), size);
    Tensor added = loader.norm(summands, 0);
    loaded(List.of(summands));
    return new LayerNorm(weight, added, epsilon);
  }

  /** Some outputs of a linear layer {@code [outFeatures, inFeatures]} without bias. */
  LinearWeight outputs(String name, long outFeatures, long inFeatures, List<Integer> chosen) {
    WeightSource whole = source(name + ".weight", outFeatures, inFeatures);
    List<WeightSource> rows =
        chosen.stream().map(row -> new WeightSource(whole.entry(), row, 1)).toList();
    return loader.linear(rows, null);
  }

  /** A linear layer {@code [outFeatures, inFeatures]}. */
  LinearWeight linear(String name, long outFeatures, long inFeatures, boolean bias) {
    return stacked(List.of(new Part(name, outFeatures)), inFeatures, bias);
  }

  /** One of several linear layers that share their input. */
  record Part(String name, long outFeatures) {}

  /** Linear layers stacked along their outputs, to be computed as one product. */
  LinearWeight stacked(List<Part> parts, long inFeatures, boolean bias) {
    List<WeightSource> weights = new ArrayList<>();
    List<WeightSource> biases = new ArrayList<>();
    for (Part part : parts) {
      weights.add(source(part.name() + ".weight", part.outFeatures(), inFeatures));
      if (bias) {
        biases.add(source(part.name() + ".bias", part.outFeatures()));
      }
    }
    LinearWeight linear = loader.linear(weights, bias ? biases : null);
    loaded(weights);
    loaded(biases);
    return linear;
  }

  /** A linear layer that is {@code table} itself. */
  LinearWeight tied(Tensor table) {
    return loader.tied(table);
  }

  /** Names of one expert's three linear layers. */
  record ExpertNames(String gate, String up, String down) {}

  /** The experts under {@code 0}, {@code 1}, ...: gated feed-forward layers without bias. */
  ExpertWeights experts(int experts, ExpertNames names, long hiddenSize, long intermediateSize) {
    List<List<WeightSource>> gateUp = new ArrayList<>();
    List<WeightSource> down = new ArrayList<>();
    for (int expert = 0; expert < experts; expert++) {
      String name = expert + ".";
      gateUp.add(
          List.of(
              source(name + names.gate() + ".weight", intermediateSize, hiddenSize),
              source(name + names.up() + ".weight", intermediateSize, hiddenSize)));
      down.add(source(name + names.down() + ".weight", hiddenSize, intermediateSize));
    }
    ExpertWeights weights = loader.experts(gateUp, down);
    gateUp.forEach(this::loaded);
    loaded(down);
    return weights;
  }

  /** Elements of all tensors loaded so far; a tied table counts once. */
  long parameters() {
    return progress.parameters;
  }

  private WeightSource source(String name, Long... shape) {
    TensorEntry entry = checkpoint.tensor(prefix + name);
    if (!entry.shape().equals(List.of(shape))) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "tensor '"
              + entry.name()
              + "' in "
              + entry.file()
              + " has shape "
              + entry.shape()
              + ", but config.json asks for "
              + List.of(shape)
              + ": the two belong to different models, or the configuration was edited; download"
              + " both again");
    }
    if (!TensorReader.canRead(entry.type())) {
      throw new QuernException(
          ErrorCategory.BAD_REQUEST,
          "tensor '"
              + entry.name()
              + "' in "
              + entry.file()
              + " is stored as "
              + entry.type()
              + ", which Quern does not compute with: use the model's bf16, fp16, fp32 or fp8"
              + " checkpoint, or a GGUF file");
    }
    return WeightSource.of(entry);
  }

  private void loaded(List<WeightSource> sources) {
    for (WeightSource source : sources) {
      progress.bytes += source.entry().bytes();
      progress.parameters += source.entry().elements();
    }
    progress.listener.bytesLoaded(progress.bytes);
  }
}
