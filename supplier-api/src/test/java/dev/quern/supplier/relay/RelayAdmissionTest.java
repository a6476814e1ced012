package dev.quern.supplier.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RelayAdmissionTest {
  private static final Duration BLOCK = Duration.ofSeconds(60);

  @Test
  void aBlockEndsWhenTheNextBegins() {
    SessionClock clock = new SessionClock(BLOCK);
    assertEquals(OptionalLong.empty(), clock.endOf(10));
    clock.observe(100, 1_000);
    // Seen again or an older one from a node that lags: nothing new.
    clock.observe(100, 5_000);
    clock.observe(99, 6_000);
    assertEquals(OptionalLong.of(1_000 + BLOCK.toNanos()), clock.endOf(100));
    assertEquals(OptionalLong.of(1_000 + 3 * BLOCK.toNanos()), clock.endOf(102));
    assertEquals(OptionalLong.of(1_000), clock.endOf(99));
    assertTrue(clock.endOf(Long.MAX_VALUE).getAsLong() > 0);
    assertTrue(clock.endOf(Long.MIN_VALUE).isPresent());
  }

  @Test
  void anApplicationHasItsOwnBound() {
    RelayAdmission admission =
        new RelayAdmission(OptionalInt.of(2), OptionalInt.empty(), new SessionClock(BLOCK));
    Relay first = relay("a", OptionalLong.empty());
    admission.begin(first);
    admission.begin(first);
    QuernException refused =
        assertThrows(QuernException.class, () -> admission.begin(relay("a", OptionalLong.empty())));
    assertEquals(ErrorCategory.OVERLOADED, refused.category());
    admission.begin(relay("b", OptionalLong.empty()));
    admission.end(first);
    admission.begin(first);
    assertEquals(OptionalLong.empty(), admission.deadlineNanos(first));
  }

  @Test
  void theEarlierDeadlineCountsAndAPastOneRefuses() {
    SessionClock clock = new SessionClock(BLOCK);
    RelayAdmission admission = new RelayAdmission(OptionalInt.empty(), OptionalInt.of(90), clock);
    Relay relay = relay("a", OptionalLong.of(100));
    assertEquals(
        OptionalLong.of(relay.arrivedNanos() + 90_000_000_000L), admission.deadlineNanos(relay));
    clock.observe(100, relay.arrivedNanos());
    assertEquals(
        OptionalLong.of(relay.arrivedNanos() + BLOCK.toNanos()), admission.deadlineNanos(relay));
    admission.begin(relay);
    ApiException late =
        assertThrows(ApiException.class, () -> admission.begin(relay("a", OptionalLong.of(98))));
    assertEquals(410, late.status());
  }

  @Test
  void labelsAreBounded() {
    BoundedLabels labels = new BoundedLabels(2);
    assertEquals("none", labels.of(Optional.empty()));
    assertEquals("a", labels.of(Optional.of("a")));
    assertEquals("b", labels.of(Optional.of("b")));
    assertEquals("other", labels.of(Optional.of("c")));
    assertEquals("a", labels.of(Optional.of("a")));
    assertEquals("other", new BoundedLabels(2).of(Optional.of("a\"\n")));
  }

  @Test
  void heightsAreReadFromEveryKindOfNode() {
    assertEquals(
        OptionalLong.of(7),
        HeightSource.height("{\"result\":{\"sync_info\":{\"latest_block_height\":\"7\"}}}"));
    assertEquals(
        OptionalLong.of(8), HeightSource.height("{\"block\":{\"header\":{\"height\":\"8\"}}}"));
    assertEquals(OptionalLong.of(9), HeightSource.height(" 9\n"));
    assertEquals(OptionalLong.empty(), HeightSource.height("<html>"));
    assertEquals(OptionalLong.empty(), HeightSource.height("{\"height\":\"soon\"}"));
    assertEquals(OptionalLong.empty(), HeightSource.height(""));
  }

  private static Relay relay(String application, OptionalLong endHeight) {
    RelayHeaders headers =
        new RelayHeaders(
            Optional.empty(),
            Optional.empty(),
            Optional.of(application),
            Optional.empty(),
            OptionalLong.empty(),
            endHeight);
    return new Relay(headers, System.nanoTime());
  }
}
