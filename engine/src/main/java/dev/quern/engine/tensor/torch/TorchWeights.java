package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ExpertWeights;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.WeightSource;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Weights of one model. What keeps its stored form is a view of the mapped file; what is converted,
 * stacked or packed is read through a mapping of its own that ends with the copy, so that the
 * file's pages do not stay in memory beside it.
 */
final class TorchWeights implements WeightLoader {
  private final TorchBackend backend;
  private final TorchScript script;
  private final DecodedTensors decoded;
  private final TorchArena arena;
  private final DType dtype;
  private final HeldWeights heldWeights;
  private final Map<Path, IValue> mappings = new HashMap<>();
  private final IdentityHashMap<Tensor, WeightSource> tables = new IdentityHashMap<>();
  private final IValue nothing;
  private MemoryUse use = MemoryUse.NONE;

  TorchWeights(
      TorchBackend backend,
      TorchScript script,
      DecodedTensors decoded,
      TorchArena arena,
      DType dtype,
      HeldWeights heldWeights) {
    this.backend = backend;
    this.script = script;
    this.decoded = decoded;
    this.arena = arena;
    this.dtype = dtype;
    this.heldWeights = heldWeights;
    nothing = arena.keep(script.call("nothing"));
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public Tensor tensor(WeightSource source) {
    backend.checkThread();
    DType type = heldWeights.typeOf(dtype, source);
    Tensor table = arena.tensor(keptAsStored(source, type), dtype, shape(source));
    tables.put(table, source);
    return table;
  }

  @Override
  public Tensor norm(WeightSource source, float offset) {
    backend.checkThread();
    try (Borrowed stored = new Borrowed(List.of(source), DType.F32)) {
      IValue norm = script.call("norm", stored.views[0], offset);
      count(elements(source) * DType.F32.bytes());
      return arena.tensor(norm, DType.F32, shape(source));
    }
  }

  @Override
  public LinearWeight linear(List<WeightSource> parts, @Nullable List<WeightSource> biases) {
    backend.checkThread();
    if (biases != null && biases.size() != parts.size()) {
      throw new IllegalArgumentException(biases.size() + " biases for " + parts.size() + " parts");
    }
    long inFeatures = parts.get(0).entry().shape().getLast();
    long outFeatures = 0;
    for (WeightSource part : parts) {
      outFeatures += elements(part) / inFeatures;
    }
    HeldWeights.Held held = heldWeights.of(dtype, parts);
    IValue weight = arena.keep(matrix(parts, held));
    IValue bias = biases == null ? nothing : arena.keep(stacked("stacked_biases", biases, dtype));
    if (biases != null) {
      count(outFeatures * dtype.bytes());
    }
    return new TorchLinear(weight, bias, held.products(), outFeatures, inFeatures);
  }

  @Override
  public LinearWeight tied(Tensor table) {
    backend.checkThread();
    WeightSource source = tables.get(table);
    if (source == null) {
      throw new IllegalArgumentException("a table of another loader");
    }
    TorchProducts products = heldWeights.of(dtype, List.of(source)).products();
    IValue weight = ((TorchTensor) table).value();
    if (products == TorchProducts.PACKED) {
      weight = arena.keep(script.call("packed", weight, TorchBackend.PACKED_FOR_ROWS));
      count(table.size(0) * table.size(1) * dtype.bytes());
    }
    return new TorchLinear(weight, nothing, products, table.size(0), table.size(1));
  }

  @Override
  public ExpertWeights experts(List<List<WeightSource>> gateUp, List<WeightSource> down) {
    backend.checkThread();
    List<WeightSource> all = new ArrayList<>(down);
    gateUp.forEach(all::addAll);
    HeldWeights.Held held = heldWeights.of(dtype, all);
    List<IValue> first = new ArrayList<>();
    List<IValue> second = new ArrayList<>();
    try {
      gateUp.forEach(parts -> first.add(matrix(parts, held)));
      down.forEach(part -> second.add(matrix(List.of(part), held)));
      return new TorchExperts(
          gateUp.size(),
          arena.keep(IValue.listFrom(first.toArray(IValue[]::new))),
          arena.keep(IValue.listFrom(second.toArray(IValue[]::new))),
          held.products());
    } finally {
      // The lists hold the tensors from here on.
      first.forEach(IValue::close);
      second.forEach(IValue::close);
    }
  }

  @Override
  public MemoryUse memoryUse() {
    return use;
  }

  @Override
  public void close() {
    mappings.clear();
    tables.clear();
    arena.close();
  }

  /** The parts as one matrix in the layout that products use; the caller's to close. */
  private IValue matrix(List<WeightSource> parts, HeldWeights.Held held) {
    boolean packing = held.products() == TorchProducts.PACKED;
    if (!packing && parts.size() == 1 && isStoredAs(parts.get(0), held.type())) {
      WeightSource part = parts.get(0);
      try (IValue view = keptAsStored(part, held.type())) {
        return script.call("matrix", view);
      }
    }
    long bytes = 0;
    for (WeightSource part : parts) {
      bytes += elements(part) * held.type().bytes();
    }
    count(bytes);
    IValue stacked = stacked("stacked", parts, held.type());
    if (!packing) {
      return stacked;
    }
    try (stacked) {
      return script.call("packed", stacked, TorchBackend.PACKED_FOR_ROWS);
    }
  }

  private IValue stacked(String method, List<WeightSource> parts, DType type) {
    try (Borrowed stored = new Borrowed(parts, type);
        IValue list = IValue.listFrom(stored.views)) {
      return script.call(method, list, ScalarTypes.of(type));
    }
  }

  /** The source in {@code type}: a view of the lasting mapping where that is what is stored. */
  private IValue keptAsStored(WeightSource source, DType type) {
    if (DecodedTensors.needed(source.entry())) {
      count(elements(source) * type.bytes());
      return decoded.read(source, type);
    }
    if (isStoredAs(source, type) && aligned(source)) {
      use = use.plus(new MemoryUse(0, elements(source) * type.bytes()));
      Path file = source.entry().file();
      IValue mapping = mappings.get(file);
      if (mapping == null) {
        mapping = arena.keep(map(file));
        mappings.put(file, mapping);
      }
      return view(mapping, source);
    }
    try (Borrowed stored = new Borrowed(List.of(source), type)) {
      IValue copy = script.call("copied", stored.views[0], ScalarTypes.of(type));
      count(elements(source) * type.bytes());
      return copy;
    }
  }

  private static boolean isStoredAs(WeightSource source, DType type) {
    return !DecodedTensors.needed(source.entry()) && ScalarTypes.same(source.entry(), type);
  }

  private void count(long bytes) {
    use = use.plus(new MemoryUse(bytes, 0));
  }

  private IValue map(Path file) {
    try {
      return script.call("map_file", file.toString(), Files.size(file));
    } catch (IOException e) {
      throw new QuernException(
          ErrorCategory.NOT_FOUND, file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private IValue view(IValue mapping, WeightSource source) {
    return script.call(
        "view",
        mapping,
        offset(source),
        source.entry().type().bytes(),
        ScalarTypes.of(source.entry()),
        shape(source));
  }

  private static boolean aligned(WeightSource source) {
    return offset(source) % source.entry().type().bytes() == 0;
  }

  private static long offset(WeightSource source) {
    long rowBytes = source.entry().bytes() / source.entry().shape().get(0);
    return source.entry().offset() + source.firstRow() * rowBytes;
  }

  private static long elements(WeightSource source) {
    return source.entry().elements() / source.entry().shape().get(0) * source.rows();
  }

  static long[] shape(WeightSource source) {
    long[] shape = source.entry().shape().stream().mapToLong(Long::longValue).toArray();
    shape[0] = source.rows();
    return shape;
  }

  /**
   * Views of sources through mappings that end when the copy is made; decoded tensors where a view
   * is not possible.
   */
  private final class Borrowed implements AutoCloseable {
    final IValue[] views;
    private final Map<Path, IValue> files = new HashMap<>();

    /**
     * @param type of what has to be decoded
     */
    Borrowed(List<WeightSource> sources, DType type) {
      List<IValue> made = new ArrayList<>();
      try {
        for (WeightSource source : sources) {
          made.add(borrowed(source, type));
        }
      } catch (RuntimeException | Error e) {
        made.forEach(IValue::close);
        files.values().forEach(IValue::close);
        throw e;
      }
      views = made.toArray(IValue[]::new);
    }

    private IValue borrowed(WeightSource source, DType type) {
      if (DecodedTensors.needed(source.entry())) {
        return decoded.read(source, type);
      }
      return view(files.computeIfAbsent(source.entry().file(), TorchWeights.this::map), source);
    }

    @Override
    public void close() {
      for (IValue view : views) {
        view.close();
      }
      files.values().forEach(IValue::close);
    }
  }
}
