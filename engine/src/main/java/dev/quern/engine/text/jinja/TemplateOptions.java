package dev.quern.engine.text.jinja;

import java.time.Clock;
import java.time.ZoneId;

/**
 * How a template is read and rendered.
 *
 * @param trimBlocks whether the newline after a block tag is dropped
 * @param lstripBlocks whether white space from the start of a line to a block tag is dropped
 * @param limits what one render may use
 * @param clock the time (and zone) that {@code strftime_now} prints
 */
public record TemplateOptions(
    boolean trimBlocks, boolean lstripBlocks, TemplateLimits limits, Clock clock) {

  /** The settings under which chat templates are written: blocks trimmed on both sides. */
  public static TemplateOptions huggingFace() {
    return new TemplateOptions(
        true, true, TemplateLimits.defaults(), Clock.system(ZoneId.systemDefault()));
  }

  public TemplateOptions withLimits(TemplateLimits newLimits) {
    return new TemplateOptions(trimBlocks, lstripBlocks, newLimits, clock);
  }

  public TemplateOptions withClock(Clock newClock) {
    return new TemplateOptions(trimBlocks, lstripBlocks, limits, newClock);
  }
}
