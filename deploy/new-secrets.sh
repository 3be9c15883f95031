#!/bin/sh
# Makes the secrets that nobody has to think of, each in a file of its setting's name. It never changes one that is there.
# As root it gives each file to the one container that reads it; see docs/DEPLOY.md.
set -eu
umask 077
cd "$(dirname "$0")/secrets"

made() { # name, value
    [ -e "$1" ] || printf '%s\n' "$2" > "$1"
}

made POSTGRES_PASSWORD "$(openssl rand -hex 32)"
made DATABASE_URL "postgresql://wegwijs:$(cat POSTGRES_PASSWORD)@postgres:5432/wegwijs"
made WEGWIJS_MASTER_KEY "$(openssl rand -base64 32)"
made TELEGRAM_WEBHOOK_SECRET "$(openssl rand -hex 32)"
# Empty until somebody fills them in: an empty file is a setting that is not set.
for name in TELEGRAM_TOKEN TWILIO_AUTH_TOKEN WEGWIJS_SMTP_PASSWORD WEGWIJS_OIDC_CLIENT_SECRET; do
    made "$name" ""
done

if [ "$(id -u)" = 0 ]; then
    for file in *; do
        case $file in
            POSTGRES_PASSWORD) chown 999:999 "$file" ;;
            *) chown 10001:10001 "$file" ;;
        esac
        chmod 0400 "$file"
    done
else
    echo "Run it once more as root, so that each file belongs to the container that reads it." >&2
fi
echo "Keep a copy of WEGWIJS_MASTER_KEY somewhere else, on paper if need be: without it no backup can be read." >&2
