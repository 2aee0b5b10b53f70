"""django-oauth-toolkit as an authorization server on loopback.

Arguments: a database file, and the scope of the resource. The user and the password are "user".
Prints {"issuer": "<URL>"} when it is ready.
"""

import json
import secrets
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

database, scope = sys.argv[1:]
login_page = """<form method="post" action="{{ request.get_full_path }}">{% csrf_token %}{{ form }}
<input type="hidden" name="next" value="{{ next }}"></form>"""

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": database,
            "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    LOGIN_URL="/login/",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    OAUTH2_PROVIDER={
        "DCR_ENABLED": True,
        "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
        # In the mode of OAuth 2.1, a reused refresh token ends the grant.
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "SCOPES": {scope: "Read", "offline_access": "Stay signed in"},
        "DEFAULT_SCOPES": [scope],
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_urlsafe(32),
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                ],
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"registration/login.html": login_page},
                    ),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        }
    ],
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [
    path("login/", LoginView.as_view()),
    path("", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


class ThreadedServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


call_command("migrate", verbosity=0)
User.objects.create_user("user", password="user")
with make_server("127.0.0.1", 0, get_wsgi_application(), ThreadedServer, QuietHandler) as server:
    print(json.dumps({"issuer": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()
