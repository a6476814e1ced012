package dev.quern.engine.generate;

/** Hears of every step, on the step thread: it must only count and return. */
public interface StepListener {
  void onStep(StepReport report);

  /**
   * One step that worked.
   *
   * @param sequences sequences in it
   * @param tokens tokens computed in it
   * @param scheduleNanos taking in requests, planning and building the batch
   * @param runNanos the model; where the backend draws ahead, queueing it
   * @param sampleNanos choosing tokens and bringing them to the host, and the wait for that
   * @param publishNanos telling listeners
   */
  record StepReport(
      int sequences,
      int tokens,
      long scheduleNanos,
      long runNanos,
      long sampleNanos,
      long publishNanos) {}
}
