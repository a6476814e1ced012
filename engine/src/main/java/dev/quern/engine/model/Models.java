package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.store.Checkpoint;
import dev.quern.store.QuernException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;

/** The registry of families, by the architecture's name in {@code config.json}. */
public final class Models {

  private static final Map<String, Function<FamilyContext, CausalModel>> FAMILIES =
      Map.of(
          "LlamaForCausalLM", LlamaForCausalLM::load,
          "MistralForCausalLM", MistralForCausalLM::load,
          "Qwen2ForCausalLM", Qwen2ForCausalLM::load,
          "Qwen3ForCausalLM", Qwen3ForCausalLM::load,
          "Gemma2ForCausalLM", Gemma2ForCausalLM::load,
          "Gemma3ForCausalLM", Gemma3ForCausalLM::load,
          "Phi3ForCausalLM", Phi3ForCausalLM::load,
          "MixtralForCausalLM", MixtralForCausalLM::load,
          "Qwen3MoeForCausalLM", Qwen3MoeForCausalLM::load);

  private Models() {}

  /** Names of the architectures that {@link #load} knows. */
  public static SortedSet<String> architectures() {
    return new TreeSet<>(FAMILIES.keySet());
  }

  /** {@link #load(Checkpoint, Backend, LoadOptions)} for the checkpoint's own context. */
  public static CausalModel load(Checkpoint checkpoint, Backend backend, Optional<DType> dtype) {
    return load(checkpoint, backend, new LoadOptions(dtype, OptionalInt.empty(), bytes -> {}));
  }

  /**
   * Loads a checkpoint's weights to the backend's device, on the device's thread.
   *
   * @throws QuernException BAD_REQUEST when the architecture is not supported, the configuration or
   *     a tensor is wrong, or a longer context is asked for than the model has; OUT_OF_MEMORY when
   *     the weights do not fit. Nothing stays loaded then.
   */
  public static CausalModel load(Checkpoint checkpoint, Backend backend, LoadOptions options) {
    String architecture = checkpoint.architecture();
    ModelConfig config = ModelConfig.of(checkpoint);
    Function<FamilyContext, CausalModel> family = FAMILIES.get(architecture);
    if (family == null) {
      throw config.error(
          "architectures",
          "names "
              + architecture
              + ", which is not supported: "
              + String.join(", ", architectures())
              + " are");
    }
    return load(checkpoint, backend, options, family);
  }

  /** Loads with the weights at hand, and frees them where that fails. */
  static <T> T load(
      Checkpoint checkpoint,
      Backend backend,
      LoadOptions options,
      Function<FamilyContext, T> family) {
    ModelConfig config = ModelConfig.of(checkpoint);
    refuseQuantised(config);
    DType dtype =
        options.dtype().orElseGet(() -> chosenType(checkpoint, backend, options.listener()));
    WeightLoader loader = backend.weights(dtype);
    boolean loaded = false;
    try {
      Weights weights = new Weights(checkpoint, loader, options.listener());
      T model =
          family.apply(
              new FamilyContext(
                  checkpoint.architecture(),
                  config,
                  weights,
                  loader,
                  backend,
                  options.contextLength()));
      loaded = true;
      return model;
    } finally {
      if (!loaded) {
        loader.close();
      }
    }
  }

  /** Weights in eight-bit floating point are numbers with scales; others are not read. */
  private static void refuseQuantised(ModelConfig config) {
    config
        .object("quantization_config")
        .filter(quantisation -> !isFloat8(quantisation))
        .ifPresent(
            quantisation -> {
              throw config.error(
                  "quantization_config",
                  "("
                      + quantisation.text("quant_method").orElse("unnamed method")
                      + ") is not supported: use the model's bf16, fp16, fp32 or fp8 checkpoint, or"
                      + " a GGUF file");
            });
  }

  private static boolean isFloat8(ModelConfig quantisation) {
    return switch (quantisation.text("quant_method").orElse("")) {
      case "fp8", "fbgemm_fp8" -> true;
      case "compressed-tensors" ->
          quantisation.text("format").filter("float-quantized"::equals).isPresent();
      default -> false;
    };
  }

  private static DType chosenType(Checkpoint checkpoint, Backend backend, LoadListener listener) {
    ComputeType chosen = ComputeType.of(checkpoint, backend);
    chosen.remark().ifPresent(listener::remark);
    return chosen.dtype();
  }
}
