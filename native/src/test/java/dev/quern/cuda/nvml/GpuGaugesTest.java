package dev.quern.cuda.nvml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.TestLibrary;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.bytedeco.cuda.global.nvml;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gauges, on NVML's look-alike. */
class GpuGaugesTest {
  private static final String GPU = "0000:01:00.0";

  private TestLibrary lookAlike;

  @BeforeEach
  void build() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    lookAlike = new TestLibrary(EmulatorBuild.ofThisModule().nvml());
  }

  @AfterEach
  void restore() {
    if (lookAlike != null) {
      set("nvmlInit_v2", 0);
      set("nvmlDeviceGetUtilizationRates", 0);
      set("nvmlDeviceGetMemoryInfo", 0);
      set("celsius", 44);
    }
  }

  private void set(String key, long value) {
    assertEquals(0, lookAlike.set("nvmlTestSet", key, value));
  }

  private GpuGauges gauges() {
    return GpuGauges.open(lookAlike.path());
  }

  @Test
  void everyGaugeIsReadAnew() {
    GpuGauges gauges = gauges();
    assertTrue(gauges.present());
    assertEquals("driver 580.65.06", gauges.description());
    GpuReading reading = gauges.read(GPU);
    assertNull(reading.problem());
    assertEquals(OptionalLong.of(300L << 20), reading.usedBytes());
    assertEquals(OptionalLong.of((1L << 30) - (300L << 20)), reading.freeBytes());
    assertEquals(OptionalInt.of(37), reading.utilizationPercent());
    assertEquals(OptionalDouble.of(61.5), reading.watts());
    assertEquals(OptionalInt.of(44), reading.celsius());
    set("celsius", 45);
    assertEquals(OptionalInt.of(45), gauges.read(GPU).celsius());
  }

  @Test
  void whatTheGpuDoesNotHaveIsEmptyAndTheRestIsThere() {
    set("nvmlDeviceGetUtilizationRates", nvml.NVML_ERROR_NOT_SUPPORTED);
    GpuReading reading = gauges().read(GPU);
    assertEquals(OptionalInt.empty(), reading.utilizationPercent());
    assertEquals(OptionalInt.of(44), reading.celsius());
    String problem = String.valueOf(reading.problem());
    assertTrue(problem.contains("nvmlDeviceGetUtilizationRates failed: Not Supported"), problem);
  }

  @Test
  void anUnknownGpuSaysSo() {
    GpuReading reading = gauges().read("0000:7f:00.0");
    assertEquals(OptionalLong.empty(), reading.usedBytes());
    String problem = String.valueOf(reading.problem());
    assertTrue(problem.contains("0000:7f:00.0 failed: Not Found"), problem);
  }

  @Test
  void aHostWithoutNvmlSaysWhy(@TempDir Path folder) {
    GpuGauges gauges = GpuGauges.open(folder.resolve("libnvidia-ml.so.1"));
    assertFalse(gauges.present());
    assertTrue(gauges.description().contains("no NVML"), gauges.description());
    assertEquals(gauges.description(), gauges.read(GPU).problem());
  }

  @Test
  void anNvmlThatDoesNotStartSaysWhy() {
    set("nvmlInit_v2", nvml.NVML_ERROR_DRIVER_NOT_LOADED);
    GpuGauges gauges = gauges();
    assertFalse(gauges.present());
    assertTrue(gauges.description().contains("nvmlInit_v2 failed"), gauges.description());
  }

  @Test
  void anotherLibraryIsNoCrash() {
    Path other = Path.of(System.getProperty("java.home"), "lib", "libjava.so");
    GpuGauges gauges = GpuGauges.open(other);
    assertFalse(gauges.present());
    assertTrue(gauges.description().contains("has no function nvmlInit_v2"), gauges.description());
  }
}
