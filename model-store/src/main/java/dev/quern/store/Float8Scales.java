package dev.quern.store;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the scales of weights in eight-bit floating point, so that such a checkpoint reads as one
 * of plain numbers: {@code weight_scale_inv} as DeepSeek V3 and transformers' {@code fp8} name them
 * (an inverse only from the side of who quantised), or {@code weight_scale} as compressed-tensors
 * and FBGEMM do. A weight is its stored number times its scale in both.
 *
 * <p>One scale may stand for the whole tensor, for a row, or for a tile of the size that {@code
 * weight_block_size} in {@code quantization_config} states. Scales of activations are left out of
 * account: activations stay in the model's type, which loses less than quantising them would.
 */
final class Float8Scales {
  private static final String WEIGHT = ".weight";
  private static final List<String> SCALES = List.of("weight_scale_inv", "weight_scale");

  private final Map<String, TensorEntry> tensors;
  private final Optional<JsonNode> quantisation;

  private Float8Scales(Map<String, TensorEntry> tensors, Optional<JsonNode> quantisation) {
    this.tensors = tensors;
    this.quantisation = quantisation;
  }

  /**
   * The tensors with each eight-bit weight in the form that its scales give it; scales that are
   * used so are no tensors of the model any more.
   *
   * @throws QuernException BAD_REQUEST if scales have a shape that fits nothing, or there are none
   *     although the configuration says that weights are quantised
   */
  static Map<String, TensorEntry> applied(Map<String, TensorEntry> tensors, JsonNode config) {
    Optional<JsonNode> quantisation =
        Optional.of(config.path("quantization_config")).filter(JsonNode::isObject);
    return new Float8Scales(tensors, quantisation).applied();
  }

  private Map<String, TensorEntry> applied() {
    Map<String, TensorEntry> result = new LinkedHashMap<>(tensors);
    for (TensorEntry weight : tensors.values()) {
      boolean float8 = weight.type() == StoredType.F8_E4M3 || weight.type() == StoredType.F8_E5M2;
      if (!float8 || !weight.name().endsWith(WEIGHT)) {
        continue;
      }
      Optional<TensorEntry> scales = scales(weight.name());
      if (scales.isPresent()) {
        result.put(weight.name(), weight.in(form(weight, scales.get())));
        result.remove(scales.get().name());
      } else if (quantisation.isPresent()) {
        throw error(
            weight,
            "has no weight_scale beside it, although config.json says that it is quantised:"
                + " download the checkpoint again");
      }
    }
    return result;
  }

  private Optional<TensorEntry> scales(String weight) {
    String stem = weight.substring(0, weight.length() - WEIGHT.length() + 1);
    return SCALES.stream()
        .map(name -> Optional.ofNullable(tensors.get(stem + name)))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private StoredForm form(TensorEntry weight, TensorEntry scales) {
    if (weight.shape().size() != 2) {
      throw error(weight, "has scales, but is no matrix");
    }
    long rows = Math.max(1, weight.shape().get(0));
    long columns = Math.max(1, weight.shape().get(1));
    if (scales.elements() == 1) {
      return new StoredForm.Scaled(scales, rows, columns);
    }
    boolean column =
        scales.shape().size() == 1 || (scales.shape().size() == 2 && scales.shape().get(1) == 1);
    if (column && scales.shape().get(0) == rows) {
      return new StoredForm.Scaled(scales, 1, columns);
    }
    JsonNode tile =
        quantisation
            .map(node -> node.path("weight_block_size"))
            .orElseThrow(() -> misfit(weight, scales, "no quantization_config"));
    long tileRows = tile.path(0).asLong();
    long tileColumns = tile.path(1).asLong();
    if (tileRows < 1 || tileColumns < 1) {
      throw misfit(weight, scales, "no weight_block_size");
    }
    List<Long> needed = List.of((rows - 1) / tileRows + 1, (columns - 1) / tileColumns + 1);
    if (!scales.shape().equals(needed)) {
      throw misfit(weight, scales, "tiles of " + tileRows + " x " + tileColumns);
    }
    return new StoredForm.Scaled(scales, tileRows, tileColumns);
  }

  private static QuernException misfit(TensorEntry weight, TensorEntry scales, String stated) {
    return error(
        weight,
        "has shape "
            + weight.shape()
            + " and scales of shape "
            + scales.shape()
            + ", which fit neither the whole, nor rows, nor what config.json states ("
            + stated
            + "): take the model's bf16 checkpoint");
  }

  private static QuernException error(TensorEntry weight, String what) {
    return new QuernException(
        ErrorCategory.BAD_REQUEST,
        Names.tensor(weight.name()) + " in " + weight.file() + " " + what);
  }
}
