"""Puts an ONNX export into a checkpoint's folder, optimised as infinity optimises for CPUs.

    pip install 'infinity-emb[server,torch,optimum]' 'optimum[onnxruntime]<2' 'transformers==4.48.3' 'datasets<4' 'pyarrow<20'
    python benchmarks/oracle/encoders/make_onnx.py FOLDER

infinity looks for onnx/*_optimized.onnx in a folder on disk only when it is told to optimise (--no-onnx-disable-optimize).
"""

import pathlib
import sys

from optimum.exporters.onnx import main_export
from optimum.onnxruntime import ORTModelForFeatureExtraction, ORTOptimizer
from optimum.onnxruntime.configuration import OptimizationConfig

folder = pathlib.Path(sys.argv[1])
onnx = folder / "onnx"
main_export(str(folder), onnx, task="feature-extraction", library_name="transformers", framework="pt")
model = ORTModelForFeatureExtraction.from_pretrained(onnx, file_name="model.onnx", provider="CPUExecutionProvider")
level = OptimizationConfig(optimization_level=99, optimize_with_onnxruntime_only=False, optimize_for_gpu=False, fp16=False)
ORTOptimizer.from_pretrained(model).optimize(optimization_config=level, save_dir=onnx, one_external_file=True)
