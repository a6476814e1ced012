package dev.quern.engine.text.jinja;

/**
 * What one render may use. A template comes with a download, so each bound ends in an error rather
 * than in an exhausted machine.
 *
 * @param maxSteps evaluated nodes, loop rounds and compared, sorted or copied elements
 * @param maxAllocation characters and elements of all values that the render creates, together
 * @param maxOutput characters of the rendered text
 * @param maxDepth nested expressions, statements and macro calls; also of the values printed
 */
public record TemplateLimits(long maxSteps, long maxAllocation, int maxOutput, int maxDepth) {
  public TemplateLimits {
    if (maxSteps < 1 || maxAllocation < 1 || maxOutput < 1 || maxDepth < 1) {
      throw new IllegalArgumentException("every template limit must be positive");
    }
  }

  /** Room for a prompt of millions of characters; refuses templates that run away. */
  public static TemplateLimits defaults() {
    return new TemplateLimits(20_000_000, 64L << 20, 16 << 20, 1_000);
  }
}
