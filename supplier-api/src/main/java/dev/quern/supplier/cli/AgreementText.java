package dev.quern.supplier.cli;

import dev.quern.engine.tensor.DType;
import dev.quern.supplier.attest.Agreement;
import java.util.Locale;

/** What a comparison found, for a person. */
final class AgreementText {
  private AgreementText() {}

  static String of(Agreement found, DType dtype, double tolerance) {
    String type = dtype.name().toLowerCase(Locale.ROOT);
    boolean byRatio = tolerance * found.dtypeDifference() > Agreement.LEAST_DIFFERENCE;
    String distance =
        byRatio
            ? "%.2f times as far from the weights in f32 as %s itself, at most %.2f"
                .formatted(found.ratio(), type, tolerance)
            : "%.5f nats from the weights in f32 on average, at most %.5f"
                .formatted(found.meanDifference(), found.bound(tolerance));
    String detail =
        "%d tokens; nats on average: %.5f, %s %.5f; the same most probable token for %.1f %%"
            .formatted(
                found.tokens(),
                found.meanDifference(),
                type,
                found.dtypeDifference(),
                100 * found.sameLikeliest());
    String why =
        found.within(tolerance)
            ? ""
            : ": other weights than these, or cheaper arithmetic than " + type;
    return distance + why + " (" + detail + ")";
  }
}
