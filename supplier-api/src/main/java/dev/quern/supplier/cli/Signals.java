package dev.quern.supplier.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * Signals of the operating system. The JDK exports {@code sun.misc.Signal} for this purpose (JEP
 * 260) but has the compiler warn of each mention, so it is called by reflection. Where it is
 * missing or the JVM reserves the signal, the JVM's own handling stays: the process ends at once.
 */
final class Signals {
  private Signals() {}

  /**
   * Runs an action, on a thread of its own, whenever a signal comes; the signal then no longer ends
   * the process.
   *
   * @param name without SIG, such as {@code TERM}
   * @return whether the signal is now handled so
   */
  static boolean handle(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      InvocationHandler invocation =
          (proxy, method, arguments) ->
              switch (method.getName()) {
                case "handle" -> {
                  action.run();
                  yield null;
                }
                case "equals" -> arguments != null && proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "handler of SIG" + name;
              };
      Object proxy =
          Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, invocation);
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
      return true;
    } catch (InvocationTargetException reserved) {
      return false;
    } catch (ReflectiveOperationException missing) {
      return false;
    }
  }
}
