"""The kinds of event that the shop sends: canonical name, message type, name on the wire."""

from __future__ import annotations

KINDS: tuple[tuple[str, str, str], ...] = (
    ("page_view", "page", ""),
    ("screen_view", "screen", ""),
    ("click", "track", "Element Clicked"),
    ("scroll", "track", "Page Scrolled"),
    ("mouse_move", "track", "Mouse Moved"),
    ("heartbeat", "track", "Heartbeat"),
    ("mutation", "track", "DOM Mutated"),
    ("visibility", "track", "Visibility Changed"),
    ("form_start", "track", "Form Started"),
    ("form_change", "track", "Form Changed"),
    ("form_submit", "track", "Form Submitted"),
    ("form_abandon", "track", "Form Abandoned"),
    ("media_play", "track", "Video Playback Started"),
    ("media_pause", "track", "Video Playback Paused"),
    ("media_progress", "track", "Video Content Playing"),
    ("media_complete", "track", "Video Playback Completed"),
    ("search", "track", "Products Searched"),
    ("product_view", "track", "Product Viewed"),
    ("cart_add", "track", "Product Added"),
    ("cart_remove", "track", "Product Removed"),
    ("checkout", "track", "Checkout Started"),
    ("order", "track", "Order Completed"),
    ("refund", "track", "Order Refunded"),
    ("login", "track", "Signed In"),
    ("logout", "track", "Signed Out"),
    ("experiment_exposure", "track", "Experiment Viewed"),
    ("error", "track", "Error Occurred"),
    ("survey_shown", "track", "Survey Shown"),
    ("survey_response", "track", "Survey Answered"),
    ("survey_dismissed", "track", "Survey Dismissed"),
    ("feedback", "track", "Feedback Given"),
    ("identify", "identify", ""),
    ("alias", "alias", ""),
    ("group", "group", ""),
    ("Signed Up", "track", "Signed Up"),
    ("Onboarding Step Completed", "track", "Onboarding Step Completed"),
)
NAMES = tuple(name for name, _, _ in KINDS)
KIND = {name: i for i, name in enumerate(NAMES)}
KEEP_ALIVE = frozenset({"heartbeat", "mouse_move", "mutation", "visibility"})
