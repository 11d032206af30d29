"""The BentoML service; stands on `stance`, knows no training and no MLflow."""
