package dev.quern.cuda.nvml;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One look at one GPU, by all processes together. A value that the GPU or its driver does not give
 * is empty.
 *
 * @param utilizationPercent share of the last sample period (up to a second) in which a kernel ran
 * @param watts power of the whole board
 * @param celsius temperature of the chip
 * @param problem why values are empty, or null
 */
public record GpuReading(
    OptionalLong usedBytes,
    OptionalLong freeBytes,
    OptionalInt utilizationPercent,
    OptionalDouble watts,
    OptionalInt celsius,
    @Nullable String problem) {

  static GpuReading nothing(String problem) {
    return new GpuReading(
        OptionalLong.empty(),
        OptionalLong.empty(),
        OptionalInt.empty(),
        OptionalDouble.empty(),
        OptionalInt.empty(),
        problem);
  }
}
