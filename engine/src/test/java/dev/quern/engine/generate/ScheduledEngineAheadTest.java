package dev.quern.engine.generate;

/** The same engine on a backend that draws ahead. */
class ScheduledEngineAheadTest extends ScheduledEngineTest {
  @Override
  boolean drawsAhead() {
    return true;
  }
}
