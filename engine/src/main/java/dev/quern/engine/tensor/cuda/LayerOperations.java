package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.ElementKernels.Gate;
import dev.quern.cuda.kernel.LinearKernels;
import dev.quern.cuda.kernel.NormKernels;
import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;

/** Products, norms and functions of elements, a launch each. */
final class LayerOperations {
  /** Elements of one vector load of the kernels. */
  private static final int VECTOR = 8;

  private final CudaSession session;
  private final CudaKernels kernels;
  private final CudaStream stream;

  LayerOperations(CudaSession session) {
    this.session = session;
    this.kernels = session.kernels();
    this.stream = session.stream();
  }

  /**
   * @param table {@code [rows, width]}
   * @param ids {@code [count]} int32
   */
  CudaTensor gather(CudaTensor table, CudaTensor ids) {
    CudaTensor out = session.tensor(table.dtype(), ids.rows(), table.width());
    if (ids.rows() > 0) {
      if (table.width() % VECTOR == 0) {
        gatherVectors(out, table, ids);
      } else {
        copyRows(out, table, ids);
      }
    }
    return out;
  }

  private void gatherVectors(CudaTensor out, CudaTensor table, CudaTensor ids) {
    kernels
        .elements()
        .gatherRows(
            stream,
            table.type(),
            out.buffer(),
            table.buffer(),
            ids.buffer(),
            1,
            table.rows(),
            table.width(),
            ids.rows());
  }

  /**
   * Rows that no vector load is aligned to, one by one and after waiting for the ids. No model's
   * hidden size is such.
   */
  private void copyRows(CudaTensor out, CudaTensor table, CudaTensor ids) {
    long rowBytes = (long) table.width() * table.dtype().bytes();
    int[] rows = session.outputs().ints(ids.buffer(), ids.rows());
    for (int i = 0; i < rows.length; i++) {
      stream.copy(
          out.buffer().slice(i * rowBytes, rowBytes),
          table.buffer().slice(rows[i] * rowBytes, rowBytes));
    }
  }

  CudaTensor linear(CudaTensor x, CudaLinear weight) {
    checkWidth(x, weight);
    CudaTensor out = session.tensor(x.dtype(), x.rows(), weight.outFeatures());
    if (x.rows() > 0) {
      multiply(out, x, weight);
    }
    return out;
  }

  private static void checkWidth(CudaTensor x, CudaLinear weight) {
    if (x.width() != weight.inFeatures()) {
      throw new IllegalArgumentException(
          "rows of " + x.width() + " times a weight of " + weight.inFeatures() + " features");
    }
  }

  /**
   * Quern's own kernels in fp32: they alone give a row the same bits whatever the number of rows.
   */
  private void multiply(CudaTensor out, CudaTensor x, CudaLinear weight) {
    int rows = x.rows();
    int outFeatures = Math.toIntExact(weight.outFeatures());
    int inFeatures = Math.toIntExact(weight.inFeatures());
    if (x.dtype() == DType.F32) {
      kernels
          .linear()
          .linear(
              stream,
              x.type(),
              out.buffer(),
              x.buffer(),
              weight.weight(),
              weight.bias(),
              rows,
              outFeatures,
              inFeatures);
    } else {
      session
          .products()
          .linear(
              stream,
              x.type(),
              out.buffer(),
              x.buffer(),
              weight.weight(),
              weight.bias(),
              rows,
              outFeatures,
              inFeatures);
    }
  }

  CudaTensor add(CudaTensor a, CudaTensor b) {
    CudaTensor out = like(a);
    if (a.elements() > 0) {
      kernels.elements().add(stream, a.type(), out.buffer(), a.buffer(), b.buffer(), count(a));
    }
    return out;
  }

  CudaTensor scale(CudaTensor x, float factor) {
    CudaTensor out = like(x);
    if (x.elements() > 0) {
      kernels.elements().scale(stream, x.type(), out.buffer(), x.buffer(), factor, count(x));
    }
    return out;
  }

  CudaTensor softCap(CudaTensor x, float cap) {
    CudaTensor out = like(x);
    if (x.elements() > 0) {
      kernels.elements().softCap(stream, x.type(), out.buffer(), x.buffer(), cap, count(x));
    }
    return out;
  }

  CudaTensor rmsNorm(CudaTensor x, CudaTensor weight, float epsilon) {
    CudaTensor out = like(x);
    if (x.rows() > 0) {
      kernels
          .norms()
          .rmsNorm(
              stream,
              x.type(),
              out.buffer(),
              x.buffer(),
              null,
              weight.buffer(),
              epsilon,
              x.rows(),
              x.width());
    }
    return out;
  }

  Backend.Residual addRmsNorm(CudaTensor residual, CudaTensor x, CudaTensor weight, float epsilon) {
    CudaTensor sum = like(x);
    CudaTensor normed = like(x);
    if (x.rows() > 0) {
      kernels
          .norms()
          .rmsNorm(
              stream,
              x.type(),
              normed.buffer(),
              x.buffer(),
              new NormKernels.Residual(sum.buffer(), residual.buffer()),
              weight.buffer(),
              epsilon,
              x.rows(),
              x.width());
    }
    return new Backend.Residual(sum, normed);
  }

  CudaTensor gated(CudaTensor gateUp, Activation activation) {
    int width = gateUp.width() / 2;
    CudaTensor out = session.tensor(gateUp.dtype(), gateUp.rows(), width);
    if (gateUp.rows() > 0) {
      kernels
          .elements()
          .gated(
              stream,
              gateUp.type(),
              out.buffer(),
              gateUp.buffer(),
              gate(activation),
              gateUp.rows(),
              width);
    }
    return out;
  }

  /** One launch for the few rows of decoding. */
  CudaTensor gatedLinear(CudaTensor x, CudaLinear gateUp, Activation activation) {
    if (x.rows() == 0 || !LinearKernels.hasGated(x.type(), x.rows())) {
      return gated(linear(x, gateUp), activation);
    }
    checkWidth(x, gateUp);
    int width = Math.toIntExact(gateUp.outFeatures() / 2);
    CudaTensor out = session.tensor(x.dtype(), x.rows(), width);
    kernels
        .linear()
        .gated(
            stream,
            x.type(),
            out.buffer(),
            x.buffer(),
            gateUp.weight(),
            gateUp.bias(),
            gate(activation),
            x.rows(),
            width,
            x.width());
    return out;
  }

  static Gate gate(Activation activation) {
    return switch (activation) {
      case SILU -> Gate.SILU;
      case GELU_TANH -> Gate.GELU_TANH;
      case GELU -> Gate.GELU;
    };
  }

  int[] argmax(CudaTensor logits) {
    int rows = logits.rows();
    DeviceBuffer ids = session.buffer((long) rows * Integer.BYTES);
    if (rows > 0) {
      kernels.sampling().argmax(stream, logits.type(), ids, logits.buffer(), rows, logits.width());
    }
    return session.outputs().ints(ids, rows);
  }

  private CudaTensor like(CudaTensor x) {
    return session.tensor(x.dtype(), x.shape());
  }

  private static int count(CudaTensor x) {
    return Math.toIntExact(x.elements());
  }
}
