// validatorUrl: the default one would ask a foreign host.
SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", validatorUrl: null });
