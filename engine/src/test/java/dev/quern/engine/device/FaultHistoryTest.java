package dev.quern.engine.device;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FaultHistoryTest {
  private final FaultHistory history = new FaultHistory();

  @Test
  void threeFaultsInAShortWhileAreTooMany() {
    assertFalse(faultAt(0));
    assertFalse(faultAt(5));
    assertTrue(faultAt(10));
  }

  @Test
  void faultsFarApartAreAccidents() {
    for (int minutes = 0; minutes < 60; minutes += 6) {
      assertFalse(faultAt(minutes), "after " + minutes + " minutes");
    }
  }

  @Test
  void aClockThatPassesItsLargestValueChangesNothing() {
    long end = Long.MAX_VALUE - TimeUnit.MINUTES.toNanos(1);
    assertFalse(history.isTooMany(end));
    assertFalse(history.isTooMany(end + TimeUnit.MINUTES.toNanos(2)));
    assertTrue(history.isTooMany(end + TimeUnit.MINUTES.toNanos(3)));
  }

  private boolean faultAt(int minutes) {
    return history.isTooMany(TimeUnit.MINUTES.toNanos(minutes));
  }
}
