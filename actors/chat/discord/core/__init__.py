"""What every part of the Discord actor uses: stored state, API errors, health reasons."""
