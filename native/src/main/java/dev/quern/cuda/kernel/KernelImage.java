package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;

/**
 * The kernels' binaries, which the jar carries: a fatbin for drivers of CUDA 13, PTX text for those
 * of CUDA 12. Made by {@code benchmarks/gpu/build-kernels.sh}.
 */
public final class KernelImage {
  private static final String FATBIN = "quern_kernels.fatbin";
  private static final String PTX = "quern_kernels.ptx.gz";
  private static final String DIGEST = "quern_kernels.sha256";

  private KernelImage() {}

  /** What {@code driver} can load. */
  public static byte[] forDriver(CudaDriver driver) {
    try {
      if (driver.readsCuda13Binaries()) {
        return read(FATBIN);
      }
      try (InputStream packed = open(PTX);
          InputStream text = new GZIPInputStream(packed)) {
        return text.readAllBytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SHA-256 of the sources that the binaries were made from: all files, in order of name. */
  static String sourceDigest() {
    try {
      return new String(read(DIGEST), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] read(String name) throws IOException {
    try (InputStream stream = open(name)) {
      return stream.readAllBytes();
    }
  }

  private static InputStream open(String name) {
    InputStream stream = KernelImage.class.getResourceAsStream(name);
    if (stream == null) {
      throw new CudaException(
          "the CUDA kernels' " + name + " is not in the jar; rebuild it with `mvn package`");
    }
    return stream;
  }
}
