package dev.quern.store.hub;

/** A process that pulls the model in its first argument, as its environment says. */
final class PullMain {
  private PullMain() {}

  public static void main(String[] arguments) {
    try (Hub hub = new Hub(HubSettings.fromEnvironment(System.getenv()))) {
      PullPlan plan = hub.plan(ModelReference.parse(arguments[0]), FileFilter.none());
      hub.pull(plan, new PullListener() {});
    }
  }
}
