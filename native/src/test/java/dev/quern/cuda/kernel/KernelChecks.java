package dev.quern.cuda.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** All checks by name, for whoever runs them: tests, a sanitized process, a host with a GPU. */
final class KernelChecks {
  private KernelChecks() {}

  /** One kernel in one element type against float64. */
  record Check(String name, Consumer<KernelBench> body) {
    void run(KernelBench bench) {
      try {
        body.accept(bench);
      } finally {
        bench.clear();
      }
    }
  }

  static List<Check> all() {
    List<Check> checks = new ArrayList<>();
    checks.add(new Check("matrix products of rows alone", LinearChecks::rowsAlone));
    checks.add(new Check("drawn ids taken", SamplingChecks::takeDrawn));
    for (ElementType type : ElementType.values()) {
      add(checks, "gather rows", type, ElementChecks::gatherRows);
      add(checks, "gated", type, ElementChecks::gated);
      add(checks, "pointwise", type, ElementChecks::pointwise);
      add(checks, "RMSNorm", type, NormChecks::rmsNorm);
      add(checks, "RMSNorm with residual", type, NormChecks::rmsNormWithResidual);
      add(checks, "LayerNorm", type, NormChecks::layerNorm);
      add(checks, "RoPE and cache", type, RopeChecks::rotateAndCache);
      add(checks, "decode attention", type, AttentionChecks::decode);
      add(checks, "decode attention, split", type, AttentionChecks::decodeSplit);
      add(checks, "decode attention, window and cap", type, AttentionChecks::decodeWindowAndCap);
      if (type != ElementType.FP32) {
        add(checks, "prefill attention", type, AttentionChecks::prefill);
        add(checks, "prefill attention, window and cap", type, AttentionChecks::prefillWindow);
      }
      add(checks, "matrix-vector product", type, LinearChecks::fewRows);
      add(checks, "matrix product", type, LinearChecks::manyRows);
      add(checks, "gated matrix-vector product", type, LinearChecks::gated);
      add(checks, "int8 matrix-vector product", type, QuantizedChecks::int8);
      add(checks, "int4 matrix-vector product", type, QuantizedChecks::int4);
      add(checks, "argmax", type, SamplingChecks::argmax);
      add(checks, "sampling", type, SamplingChecks::sample);
      add(checks, "adjusted logits", type, SamplingChecks::adjust);
      add(checks, "log-probabilities", type, SamplingChecks::logProbabilities);
      add(checks, "expert routing", type, ExpertChecks::route);
      add(checks, "mixture of experts", type, ExpertChecks::mixture);
    }
    return checks;
  }

  private interface Body {
    void run(KernelBench bench, ElementType type);
  }

  private static void add(List<Check> checks, String name, ElementType type, Body body) {
    checks.add(new Check(name + " " + type, bench -> body.run(bench, type)));
  }
}
