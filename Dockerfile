# The service as a container: docker build -t vitrine .
# Everything but the program's own packages is left outside (.dockerignore).
#
# On a machine without a GPU most of the image is PyTorch's CUDA libraries; name an index that has PyTorch for
# the CPU to do without them: --build-arg TORCH_INDEX=URL

FROM python:3.11-slim-bookworm AS build
ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/vitrine
ENV PATH=/opt/vitrine/bin:$PATH
WORKDIR /source
COPY constraints.txt ./
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --constraint constraints.txt torch torchvision
COPY pyproject.toml README.md LICENSE ./
COPY data data
COPY embedder embedder
COPY index index
COPY recommender recommender
COPY service service
RUN pip install --constraint constraints.txt ".[postgres]" \
 && find /opt/vitrine -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.11-slim-bookworm
# libgomp: OpenMP, which LightGBM and scikit-learn share.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin vitrine \
 && install -d -o vitrine -g vitrine /shop
COPY --from=build /opt/vitrine /opt/vitrine
ENV PATH=/opt/vitrine/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    VITRINE_SHOP=/shop \
    VITRINE_HOST=0.0.0.0 \
    VITRINE_PORT=8000
USER 10001:10001
WORKDIR /shop
VOLUME /shop
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["vitrine"]
CMD ["serve"]
