package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaProbe;
import dev.quern.cuda.CudaReport;
import dev.quern.cuda.CudaSettings;
import dev.quern.supplier.cli.terminal.Units;
import java.util.List;

/**
 * Whether a model fits one GPU of the host. Of a GPU all memory counts: what others hold of it is
 * known only once it is used.
 *
 * @param usable whether Quern can use it; {@code quern doctor} says why not
 * @param needed bytes
 */
record GpuFit(CudaDevice device, boolean usable, long needed) {
  /** The verdict of each GPU; none where there is no GPU. */
  static List<GpuFit> of(CudaReport report, long needed) {
    return report.devices().stream()
        .map(found -> new GpuFit(found.device(), found.refusal() == null, needed))
        .toList();
  }

  /** What this host has. */
  static CudaReport probe() {
    return CudaProbe.probe(CudaSettings.DEFAULTS);
  }

  boolean fits() {
    return usable && needed <= device.totalBytes();
  }

  /** Such as {@code cuda:0}. */
  String name() {
    return "cuda:" + device.ordinal();
  }

  /** Such as {@code 80.0 GB, Test GPU}. */
  String described() {
    return Units.bytes(device.totalBytes()) + ", " + device.name();
  }

  /** The verdict in words, as it is said of one thing or of several. */
  String verdict(String fits, String fitsNot) {
    return usable ? (fits() ? fits : fitsNot) : "it cannot be used, see quern doctor";
  }

  static void addTo(ArrayNode gpus, List<GpuFit> fits) {
    for (GpuFit fit : fits) {
      gpus.addObject()
          .put("device", fit.name())
          .put("name", fit.device.name())
          .put("memory_bytes", fit.device.totalBytes())
          .put("usable", fit.usable)
          .put("fits", fit.fits());
    }
  }
}
